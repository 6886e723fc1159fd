// Sound. A browser lets a page sound only after a touch on it: the shift's sound test is that.

const RING_EVERY = 1600;
const WARN_EVERY = 5000;

export class Alarm {
  #context = null;
  #heard = new Set(); // pages that somebody reacted to
  #pending = new Set(); // pages that still ring
  #lost = false;
  #lastWarn = 0;

  constructor() {
    for (const touch of ["pointerdown", "keydown"])
      document.addEventListener(touch, () => this.#hush(), { capture: true });
    setInterval(() => this.#tick(), RING_EVERY);
  }

  get on() {
    return this.#context?.state === "running";
  }

  // Without a sound of its own. Before the first touch a browser may leave the wish waiting.
  async wake() {
    this.#context ??= new AudioContext();
    await Promise.race([this.#context.resume(), new Promise((done) => setTimeout(done, 500))]);
  }

  async start() {
    await this.wake();
    this.#tones([[660, 0], [880, 0.2], [660, 0.4]]);
  }

  // `pages`: what asks for an answer now. Returns those that are new.
  follow(pages) {
    for (const page of this.#pending) if (!pages.includes(page)) this.#pending.delete(page);
    const fresh = pages.filter((page) => !this.#heard.has(page) && !this.#pending.has(page));
    for (const page of fresh) this.#pending.add(page);
    this.#show();
    if (fresh.length) this.#tick();
    return fresh;
  }

  chime() {
    this.#tones([[520, 0], [520, 0.3]]);
  }

  lost(isLost) {
    this.#lost = isLost;
  }

  #hush() {
    for (const page of this.#pending) this.#heard.add(page);
    this.#pending.clear();
    this.#show();
  }

  // The screen is the call's until somebody touches it.
  #show() {
    document.body.toggleAttribute("data-ringing", this.#pending.size > 0);
  }

  #tick() {
    if (this.#pending.size)
      this.#tones([[960, 0], [720, 0.25], [960, 0.5], [720, 0.75]]);
    else if (this.#lost && performance.now() - this.#lastWarn > WARN_EVERY) {
      this.#lastWarn = performance.now();
      this.#tones([[300, 0], [240, 0.4]]);
    }
  }

  #tones(notes) {
    if (!this.on) return;
    const start = this.#context.currentTime;
    for (const [pitch, at] of notes) {
      const tone = new OscillatorNode(this.#context, { type: "square", frequency: pitch });
      const level = new GainNode(this.#context, { gain: 0.18 });
      tone.connect(level).connect(this.#context.destination);
      tone.start(start + at);
      tone.stop(start + at + 0.22);
    }
  }
}
