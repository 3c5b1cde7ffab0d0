// How text is drawn, as lmstudy/writing/control.py, models/generation.py and models/guidance.py do it.
(() => {
  "use strict";
  const page = (window.lmstudyTry = window.lmstudyTry || {});

  const [BOS, EOS, GOOD, BAD] = [1, 2, 3, 4];
  const SPECIAL = 37; // padding, start, end, good, bad, and 32 tokens of other tasks
  const CONTROL = { none: null, good: GOOD, bad: BAD };

  // Random numbers in [0, 1) that follow from a seed (mulberry32).
  function random(seed) {
    let state = seed >>> 0;
    return () => {
      state = (state + 0x6d2b79f5) >>> 0;
      let mixed = Math.imul(state ^ (state >>> 15), state | 1);
      mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
      return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
    };
  }

  // Special tokens have no place in text. The end may be drawn, and so may the control token that is asked for: the
  // model sets it itself where a line begins.
  function banned(control) {
    const ids = Array.from({ length: SPECIAL }, (_, id) => id);
    return ids.filter((id) => id !== EOS && id !== CONTROL[control]);
  }

  // What tokens are drawn in proportion to: softmax of logits / temperature, only the smallest set that reaches topP.
  function probabilities(logits, temperature, topP) {
    const largest = logits.reduce((a, b) => Math.max(a, b), -Infinity);
    const shares = Float64Array.from(logits, (logit) => Math.exp((logit - largest) / temperature));
    const total = shares.reduce((a, b) => a + b, 0);
    for (let i = 0; i < shares.length; i++) shares[i] /= total;
    const descending = shares.slice().sort().reverse();
    let mass = 0;
    let least = descending[0];
    for (const share of descending) {
      if (mass >= topP) break;
      least = share;
      mass += share;
    }
    return shares.map((share) => (share < least ? 0 : share));
  }

  // The next token: the first whose cumulated probability reaches a random number in (0, 1].
  function draw(logits, { temperature, topP, number }) {
    if (!temperature) return logits.indexOf(logits.reduce((a, b) => Math.max(a, b), -Infinity));
    const shares = probabilities(logits, temperature, topP);
    const reach = number * shares.reduce((a, b) => a + b, 0);
    let mass = 0;
    let last = 0;
    for (let id = 0; id < shares.length; id++) {
      if (!shares[id]) continue;
      mass += shares[id];
      last = id;
      if (mass >= reach) break;
    }
    return last;
  }

  // Logits of the wanted reading, pushed away from the other one: other + strength (wanted - other).
  class Reader {
    constructor(model, control, strength) {
      const other = { good: BAD, bad: GOOD }[control];
      this.model = model;
      this.strength = strength;
      this.twice = other !== undefined && strength !== 1;
      this.swapped = (token) => (token === CONTROL[control] ? other : token);
    }

    start(tokens) {
      this.wanted = this.model.start([BOS, ...tokens]);
      if (this.twice) this.other = this.model.start([BOS, ...tokens].map(this.swapped));
    }

    step(token) {
      const wanted = this.model.step(token, this.wanted);
      if (!this.twice) return wanted;
      const other = this.model.step(this.swapped(token), this.other);
      return other.map((logit, i) => logit + this.strength * (wanted[i] - logit));
    }
  }

  // Yields one token id after another, those that are forced first; ends at the end token or after `most` tokens, and
  // returns whether the model ended the text.
  function* write(model, asked) {
    const { read = [], forced = [], control = "none", guidance = 1, temperature = 0.7, topP = 0.9, seed = 1 } = asked;
    const most = asked.most ?? model.sizes.positions - 1;
    const reader = new Reader(model, control, guidance);
    const excluded = banned(control);
    const next = random(seed);
    reader.start(read);
    let token = BOS;
    for (let position = 0; position < most; position++) {
      const logits = reader.step(token);
      const number = 1 - next();
      if (position < forced.length) token = forced[position];
      else {
        for (const id of excluded) logits[id] = -Infinity;
        token = draw(logits, { temperature, topP, number });
        if (token === EOS) return true;
      }
      yield token;
    }
    return false;
  }

  const lines = (text) => text.match(/[^\n]*\n|[^\n]+/g) ?? [];

  // As lmstudy/data/segmentation.py: a sentence ends behind a run of 。！？!?… and closing quotes, or at a newline.
  const SENTENCE = /[^。！？!?…\n]*(?:[。！？!?…]+[”’」』）》)"']*\n?|\n|$)/gu;
  const sentences = (text) => text.match(SENTENCE).filter((found) => found);

  // Those segments of a text, lines or sentences, that nothing behind it can change.
  function ended(text, segments) {
    const found = segments(text);
    const more = segments(`${text}x`);
    return found.filter((segment, i) => i + 1 < more.length && segment === more[i]);
  }

  // What the encoder reads and what the decoder begins with. Training cut documents between segments, so whole ones are
  // read, each behind the control token, and one without an end is gone on with.
  function prompt(tokenizer, text, control, sizes, segments = lines) {
    const before = CONTROL[control] === null ? [] : [CONTROL[control]];
    const whole = ended(text, segments);
    const read = whole.flatMap((segment) => [...before, ...tokenizer.encode(segment)]);
    const begun = tokenizer.encode(text.slice(whole.join("").length));
    return { read: read.slice(-sizes.read), unread: Math.max(0, read.length - sizes.read), forced: [...before, ...begun] };
  }

  Object.assign(page, { SPECIAL, probabilities, draw, random, write, lines, sentences, ended, prompt, Reader });
})();
