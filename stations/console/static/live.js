// The live stream. Says `live`, `lost` or `ended`; heals by itself and asks for what it missed.

const SILENT_AFTER = 4000; // ms without a word: the server speaks every 2 s
const LOOK_EVERY = 250;
const TRY_EVERY = 1500;

export class Link {
  #handlers;
  #say;
  #url;
  #after = null;
  #source = null;
  #heardAt = performance.now();
  #triedAt = 0;
  #ended = false;

  // `url` says what to listen for; its `after`, which event the page already shows.
  constructor(url, handlers, say) {
    this.#url = new URL(url, location.href);
    this.#handlers = handlers;
    this.#say = say;
  }

  start() {
    this.#open();
    setInterval(() => this.#look(), LOOK_EVERY);
  }

  end() {
    this.#ended = true;
    this.#source?.close();
    this.#say("ended");
  }

  #open() {
    this.#source?.close();
    this.#triedAt = performance.now();
    if (this.#after) this.#url.searchParams.set("after", this.#after);
    const source = new EventSource(this.#url);
    this.#source = source;
    for (const [name, handle] of Object.entries(this.#handlers)) {
      source.addEventListener(name, (event) => {
        if (source !== this.#source) return;
        this.#heard();
        handle(JSON.parse(event.data));
        if (event.lastEventId) this.#after = event.lastEventId;
      });
    }
    source.addEventListener("signed_out", () => this.end());
    // The browser reconnects after a cut by itself, but gives up on an answer that is no stream.
    source.addEventListener("error", () => {
      if (source.readyState === EventSource.CLOSED) this.#ask();
    });
  }

  #heard() {
    this.#heardAt = performance.now();
    this.#say("live");
  }

  #look() {
    const now = performance.now();
    if (this.#ended || now - this.#heardAt < SILENT_AFTER) return;
    this.#say("lost");
    if (now - this.#triedAt > Math.max(TRY_EVERY, SILENT_AFTER)) this.#open();
  }

  // Refused: signed out, or a server that is just coming back.
  async #ask() {
    try {
      const answer = await fetch("/session", { cache: "no-store" });
      if (answer.status === 401) return this.end();
    } catch {
      // no answer at all: try again like after any other cut
    }
    setTimeout(() => {
      if (!this.#ended && this.#source?.readyState === EventSource.CLOSED) this.#open();
    }, TRY_EVERY);
  }
}
