"""A broker's configuration, made from the registry: who may log in, and what each may say.

In reading order: accounts (who, with which rights), passwords, mosquitto and nats (the files).
Nothing here starts or changes a broker; `vigil doctor` sees whether one does what is written.
"""
