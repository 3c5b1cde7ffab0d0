// The network of lmstudy/models/transformer.py, one token at a time, with keys and values kept.
(() => {
  "use strict";
  const page = (window.lmstudyTry = window.lmstudyTry || {});
  const EPSILON = 2 ** -23; // of float32, as nn.RMSNorm adds it

  // Numbers in half precision (two bytes each, the lower first) as float32.
  function halves(base64) {
    const text = atob(base64);
    const numbers = new Float32Array(text.length / 2);
    for (let i = 0; i < numbers.length; i++) {
      const bits = text.charCodeAt(2 * i) | (text.charCodeAt(2 * i + 1) << 8);
      const exponent = (bits >> 10) & 31;
      const fraction = bits & 1023;
      const size = exponent ? (1 + fraction / 1024) * 2 ** (exponent - 15) : fraction * 2 ** -24;
      numbers[i] = bits & 32768 ? -size : size;
    }
    return numbers;
  }

  // Tensors by name. `weights` are vectors and matrices in half precision. Where there are `steps`, matrices are whole
  // numbers from -127 to 127 instead, a byte each, and `weights` holds how long a step of each row is.
  function unpacked({ tensors, weights, steps }) {
    const numbers = halves(weights);
    const whole = steps === undefined ? null : atob(steps);
    const found = {};
    let from = 0;
    let at = 0;
    for (const [name, shape] of tensors) {
      const count = shape.reduce((product, size) => product * size, 1);
      if (!whole || shape.length === 1) found[name] = numbers.subarray(from, (from += count));
      else {
        const matrix = (found[name] = new Float32Array(count));
        for (let i = 0; i < count; ) {
          const step = numbers[from++];
          for (const end = i + shape[1]; i < end; i++) matrix[i] = ((whole.charCodeAt(at++) << 24) >> 24) * step;
        }
      }
    }
    if (from !== numbers.length || at !== (whole?.length ?? 0)) throw new Error("the weights do not fit the sizes");
    return found;
  }

  // weight [out, in] times x [in]; in is a multiple of four. A processor adds four sums side by side.
  function product(weight, x) {
    const width = x.length;
    const out = new Float32Array(weight.length / width);
    for (let row = 0, at = 0; row < out.length; row++) {
      let [a, b, c, d] = [0, 0, 0, 0];
      for (let i = 0; i < width; i += 4, at += 4) {
        a += weight[at] * x[i];
        b += weight[at + 1] * x[i + 1];
        c += weight[at + 2] * x[i + 2];
        d += weight[at + 3] * x[i + 3];
      }
      out[row] = a + b + c + d;
    }
    return out;
  }

  // RMSNorm: x / sqrt(mean(x^2) + epsilon), times the gain of each channel.
  function normed(x, gain) {
    let squares = 0;
    for (const value of x) squares += value * value;
    const scale = 1 / Math.sqrt(squares / x.length + EPSILON);
    return x.map((value, i) => value * scale * gain[i]);
  }

  function add(x, y) {
    for (let i = 0; i < x.length; i++) x[i] += y[i];
  }

  class Transformer {
    constructor(model) {
      this.sizes = model.sizes;
      this.headWidth = this.sizes.width / this.sizes.heads;
      const tensors = unpacked(model);
      const layer = (stack, i) => (name) => tensors[`${stack}.${i}.${name}.weight`];
      this.embedding = tensors["embedding.weight"];
      this.encoderNorm = tensors["encoder_norm.weight"];
      this.decoderNorm = tensors["decoder_norm.weight"];
      this.encoder = Array.from({ length: this.sizes.encoderLayers }, (_, i) => layer("encoder", i));
      this.decoder = Array.from({ length: this.sizes.decoderLayers }, (_, i) => layer("decoder", i));
      // How much of the embedding before its own a position sees, channel by channel; older models see nothing of it.
      const share = (gate) => gate?.map((value) => 1 / (1 + Math.exp(-value)));
      this.encoderShare = share(tensors["encoder_smear.gate"]);
      this.decoderShare = share(tensors["decoder_smear.gate"]);
      this.turns = this.rotaryTable();
    }

    // Cosine and sine of the angle of each position and pair of channels.
    rotaryTable() {
      const pairs = this.headWidth / 2;
      const table = new Float32Array(this.sizes.positions * pairs * 2);
      for (let position = 0, at = 0; position < this.sizes.positions; position++) {
        for (let pair = 0; pair < pairs; pair++) {
          const angle = Math.fround(position * Math.fround(10000 ** ((-2 * pair) / this.headWidth)));
          table[at++] = Math.cos(angle);
          table[at++] = Math.sin(angle);
        }
      }
      return table;
    }

    // Rotary positions: in each head, channel i of the first half and of the second are turned together.
    rotate(x, position) {
      const pairs = this.headWidth / 2;
      for (let head = 0; head < x.length; head += this.headWidth) {
        for (let pair = 0; pair < pairs; pair++) {
          const cos = this.turns[(position * pairs + pair) * 2];
          const sin = this.turns[(position * pairs + pair) * 2 + 1];
          const left = x[head + pair];
          const right = x[head + pair + pairs];
          x[head + pair] = left * cos - right * sin;
          x[head + pair + pairs] = left * sin + right * cos;
        }
      }
      return x;
    }

    // What a query sees: the values of all positions, weighted by softmax(query key / sqrt(width of a head)).
    attend(query, keys, values) {
      const mixed = new Float32Array(query.length);
      const weights = new Float64Array(keys.length);
      for (let head = 0; head < query.length; head += this.headWidth) {
        let largest = -Infinity;
        for (let m = 0; m < keys.length; m++) {
          let sum = 0;
          for (let i = head; i < head + this.headWidth; i++) sum += query[i] * keys[m][i];
          weights[m] = sum / Math.sqrt(this.headWidth);
          largest = Math.max(largest, weights[m]);
        }
        let total = 0;
        for (let m = 0; m < keys.length; m++) total += weights[m] = Math.exp(weights[m] - largest);
        for (let m = 0; m < keys.length; m++) {
          const share = weights[m] / total;
          for (let i = head; i < head + this.headWidth; i++) mixed[i] += share * values[m][i];
        }
      }
      return mixed;
    }

    // Keys and values of one position, [key, value].
    keyValue(weight, x) {
      const both = product(weight, x);
      return [both.subarray(0, this.sizes.width), both.subarray(this.sizes.width)];
    }

    // SwiGLU: W_down (silu(W_gate x) * W_up x).
    feedForward(layer, x) {
      const both = product(layer("feed_forward.gate_up"), normed(x, layer("feed_forward_norm")));
      const inner = new Float32Array(this.sizes.inner);
      for (let i = 0; i < inner.length; i++) {
        inner[i] = (both[i] / (1 + Math.exp(-both[i]))) * both[i + inner.length];
      }
      add(x, product(layer("feed_forward.down"), inner));
    }

    embed(token) {
      const width = this.sizes.width;
      const scale = Math.fround(Math.sqrt(width));
      return this.embedding.slice(token * width, (token + 1) * width).map((value) => value * scale);
    }

    smeared(x, before, share) {
      return share && before ? x.map((value, i) => value + share[i] * before[i]) : x.slice();
    }

    // The encoder: every position sees all of them. Returns one vector for each token.
    encode(tokens) {
      const embedded = tokens.map((token) => this.embed(token));
      const rows = embedded.map((x, position) => this.smeared(x, embedded[position - 1], this.encoderShare));
      for (const layer of this.encoder) {
        const queries = [];
        const keys = [];
        const values = [];
        rows.forEach((x, position) => {
          const inner = normed(x, layer("attention_norm"));
          const [key, value] = this.keyValue(layer("self_attention.key_value"), inner);
          queries.push(this.rotate(product(layer("self_attention.query"), inner), position));
          keys.push(this.rotate(key, position));
          values.push(value);
        });
        rows.forEach((x, position) => {
          add(x, product(layer("self_attention.output"), this.attend(queries[position], keys, values)));
          this.feedForward(layer, x);
        });
      }
      return rows.map((x) => normed(x, this.encoderNorm));
    }

    // Read tokens once; what the decoder will look at, and room for what it keeps.
    start(tokens) {
      const memory = this.encode(tokens);
      const layers = this.decoder.map((layer) => {
        const pairs = memory.map((x) => this.keyValue(layer("encoder_decoder_attention.key_value"), x));
        return {
          keys: [],
          values: [],
          memoryKeys: pairs.map(([key]) => key),
          memoryValues: pairs.map(([, value]) => value),
        };
      });
      return { layers, before: undefined };
    }

    // The decoder at its next position: logits of the token after this one.
    step(token, cache) {
      const embedded = this.embed(token);
      const x = this.smeared(embedded, cache.before, this.decoderShare);
      cache.before = embedded;
      this.decoder.forEach((layer, i) => {
        const kept = cache.layers[i];
        const position = kept.keys.length;
        const inner = normed(x, layer("attention_norm"));
        const [key, value] = this.keyValue(layer("self_attention.key_value"), inner);
        kept.keys.push(this.rotate(key, position));
        kept.values.push(value);
        const own = this.rotate(product(layer("self_attention.query"), inner), position);
        add(x, product(layer("self_attention.output"), this.attend(own, kept.keys, kept.values)));
        const asking = product(layer("encoder_decoder_attention.query"), normed(x, layer("cross_norm")));
        const seen = this.attend(asking, kept.memoryKeys, kept.memoryValues);
        add(x, product(layer("encoder_decoder_attention.output"), seen));
        this.feedForward(layer, x);
      });
      return product(this.embedding, normed(x, this.decoderNorm));
    }
  }

  page.Transformer = Transformer;
})();
