// Byte-level byte-pair encoding, as lmstudy/data/tokenizer.py: text to token ids and back.
(() => {
  "use strict";
  const page = (window.lmstudyTry = window.lmstudyTry || {});

  // Pre-tokens: words, digits one by one, runs of symbols, indentations, ends of lines.
  const PRE_TOKENS = new RegExp(
    [
      String.raw` ?[\p{L}_][\p{L}\p{M}_]*`,
      String.raw` ?\p{N}`,
      String.raw` ?[^\p{White_Space}\p{L}\p{N}_]+\n?`,
      String.raw`[ \t]*\n`,
      String.raw`(?:(?!\n)\p{White_Space})+`,
    ].join("|"),
    "gu",
  );

  // The vocabulary writes each byte as one visible character: printable ones as themselves, the rest from 256 on.
  function byteAlphabet() {
    const printable = (b) => (b >= 33 && b <= 126) || (b >= 161 && b <= 172) || b >= 174;
    let next = 256;
    return Array.from({ length: 256 }, (_, b) => String.fromCharCode(printable(b) ? b : next++));
  }

  class Tokenizer {
    // tokens: the vocabulary in the order of its ids; merges: pairs of tokens, those learned first before the others.
    constructor({ tokens, merges }, special) {
      this.special = special; // ids below this one are control tokens and the like, which are no text
      this.tokens = tokens;
      this.ids = new Map(tokens.map((token, id) => [token, id]));
      this.ranks = new Map(merges.map(([left, right], rank) => [`${left} ${right}`, rank]));
      this.alphabet = byteAlphabet();
      this.bytes = new Map(this.alphabet.map((character, byte) => [character, byte]));
    }

    encode(text) {
      const ids = [];
      for (const [piece] of text.matchAll(PRE_TOKENS)) ids.push(...this.merged(piece));
      return ids;
    }

    // Token ids of one pre-token: of all neighbours, the pair that was learned first is joined wherever it stands, until
    // none is known. What joining makes was learned later, so one pass over the pieces takes all of them.
    merged(piece) {
      let parts = Array.from(new TextEncoder().encode(piece), (byte) => this.alphabet[byte]);
      for (;;) {
        let best = Infinity;
        for (let i = 0; i + 1 < parts.length; i++) {
          best = Math.min(best, this.ranks.get(`${parts[i]} ${parts[i + 1]}`) ?? Infinity);
        }
        if (best === Infinity) return parts.map((part) => this.ids.get(part));
        const joined = [];
        for (let i = 0; i < parts.length; i++) {
          const both = i + 1 < parts.length && this.ranks.get(`${parts[i]} ${parts[i + 1]}`) === best;
          joined.push(both ? parts[i] + parts[++i] : parts[i]);
        }
        parts = joined;
      }
    }

    // A character cut in the middle becomes U+FFFD.
    decode(ids) {
      const characters = ids.filter((id) => id >= this.special).map((id) => this.tokens[id]);
      const bytes = Array.from(characters.join(""), (character) => this.bytes.get(character));
      return new TextDecoder("utf-8", { ignoreBOM: true }).decode(Uint8Array.from(bytes));
    }
  }

  page.Tokenizer = Tokenizer;
})();
