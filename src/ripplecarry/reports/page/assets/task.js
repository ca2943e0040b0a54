// The task: operands as typed, and the right answers from its finite-state machine.

const CHARACTERS = "0123456789abcdefghijklmnopqrstuvwxyz";

/** How an operand's digit is written. */
export const written = (digit) => CHARACTERS[digit];

/** What the states of a task's machine are called. */
const STATE_WORDS = { addition: "carry", times: "carry", subtraction: "borrow", counter: "sum" };
export const stateWordOf = (kind) => STATE_WORDS[kind] ?? "state";

export class Task {
  /** @param content {base, operands, outputs, states, isOnNumbers, extraPositions, nextState, output}, tables already decoded */
  constructor(content, longest) {
    Object.assign(this, content);
    this.longest = longest;
    this.symbols = this.base ** this.operands;
  }

  /**
   * The digits of a typed number, least significant first, or a typed sequence's symbols.
   * @throws {TypedError} with a key for its words
   */
  parse(text) {
    if (!this.isOnNumbers) return this.#parseSequence(text);
    const cleaned = text.toLowerCase().replace(/[\s_,']/g, "");
    if (!cleaned) throw new TypedError("problem.empty");
    const digits = new Uint8Array(cleaned.length);
    for (let i = 0; i < cleaned.length; i++) {
      const digit = CHARACTERS.indexOf(cleaned[cleaned.length - 1 - i]);
      if (digit < 0 || digit >= this.base) {
        const given = [...text.toLowerCase()].find((c) => !/[\s_,']/.test(c) && !this.#has(c));
        throw new TypedError("problem.digit", { given, base: this.base, most: CHARACTERS[this.base - 1] });
      }
      digits[i] = digit;
    }
    let length = cleaned.length;
    while (this.extraPositions && length > 1 && digits[length - 1] === 0) length--; // otherwise each digit has an answer
    if (length > this.longest) throw new TypedError("problem.long", { longest: this.longest });
    return digits.subarray(0, length);
  }

  #parseSequence(text) {
    const parts = text.split(/[\s,]+/).filter(Boolean);
    if (!parts.length) throw new TypedError("problem.empty");
    const given = parts.find((part) => !/^\d+$/.test(part) || Number(part) >= this.base);
    if (given !== undefined) throw new TypedError("problem.symbol", { given, most: this.base - 1 });
    if (parts.length > this.longest) throw new TypedError("problem.long", { longest: this.longest });
    return Uint8Array.from(parts, Number);
  }

  /** Operands side by side: for each position one digit of each, zero-padded. */
  align(operands) {
    const length = Math.max(...operands.map((digits) => digits.length)) + this.extraPositions;
    return Array.from({ length }, (_, p) => Uint8Array.from(operands, (digits) => digits[p] ?? 0));
  }

  /** How an answer is written: of a sequence, and where there are more than characters, in decimal. */
  write(answer) {
    return this.#isInDecimal ? String(answer) : CHARACTERS[answer];
  }

  /** How an operand's digit or symbol is written. */
  writeDigit(digit) {
    return this.isOnNumbers ? written(digit) : String(digit);
  }

  /** An operand in writing: a number with all its digits, or a sequence's symbols in their order. */
  writeOperand(digits) {
    const parts = Array.from(digits, (digit) => this.writeDigit(digit));
    return this.isOnNumbers ? parts.reverse().join("") : parts.join(" ");
  }

  /** Answers in writing: the most significant first, a sequence's in the order of its symbols. */
  writeAll(answers) {
    const parts = Array.from(answers, (answer) => this.write(answer));
    return (this.isOnNumbers ? parts.reverse() : parts).join(this.#isInDecimal ? " " : "");
  }

  get #isInDecimal() {
    return !this.isOnNumbers || this.outputs > CHARACTERS.length;
  }

  /** The right answers, and the machine's states: entering each position, and at the end. */
  solve(positions) {
    const answers = new Uint8Array(positions.length);
    const states = new Uint16Array(positions.length + 1);
    positions.forEach((digits, p) => {
      let symbol = 0;
      for (let k = this.operands - 1; k >= 0; k--) symbol = symbol * this.base + digits[k];
      const entry = states[p] * this.symbols + symbol;
      answers[p] = this.output[entry];
      states[p + 1] = this.nextState[entry];
    });
    return { answers, states };
  }

  /** A number of so many digits, the first of them not zero unless it is the only one; or so many symbols. */
  random(length) {
    const digit = (least) => least + Math.floor(Math.random() * (this.base - least));
    if (!this.isOnNumbers) return Array.from({ length }, () => digit(0)).join(" ");
    const rest = Array.from({ length: length - 1 }, () => CHARACTERS[digit(0)]);
    return CHARACTERS[digit(length > 1 ? 1 : 0)] + rest.join("");
  }

  #has(character) {
    const digit = CHARACTERS.indexOf(character);
    return digit >= 0 && digit < this.base;
  }
}

/** What is wrong with a typed number: a key of the words, and what stands in their gaps. */
export class TypedError extends Error {
  constructor(key, values = {}) {
    super(key);
    this.key = key;
    this.values = values;
  }
}
