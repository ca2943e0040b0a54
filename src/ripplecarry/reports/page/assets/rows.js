// Operand digits of many rows in one array, by row, position, operand; least significant first.

export class Rows {
  constructor(operands, positions, digits) {
    this.operands = operands;
    this.positions = positions;
    this.digits = digits;
    this.size = positions * operands;
    this.count = digits.length / this.size;
  }

  /** Rows that are given one by one, none longer than `positions`; zeros follow the shorter ones. */
  static of(operands, positions, rows) {
    const size = positions * operands;
    const digits = new Uint8Array(rows.length * size);
    rows.forEach((row, number) => digits.set(row, number * size));
    return new Rows(operands, positions, digits);
  }

  row(number) {
    return this.digits.subarray(number * this.size, (number + 1) * this.size);
  }

  part(first, end) {
    return new Rows(this.operands, this.positions, this.digits.subarray(first * this.size, end * this.size));
  }

  /** The same rows with zeros up to so many positions. */
  padded(positions) {
    return Rows.of(this.operands, positions, this.all());
  }

  all() {
    return Array.from({ length: this.count }, (_, number) => this.row(number));
  }
}
