// The weights along the way: the newest, and of those before ever fewer.

const RATIO = 1.3; // of the updates of one snapshot to those of the one before

export class Snapshots {
  constructor() {
    this.all = [];
  }

  add(step, weights) {
    const [before, last] = this.all.slice(-2);
    if (last && last.step < RATIO * before.step + 1) this.all.pop();
    if (this.all.at(-1)?.step !== step) this.all.push({ step, weights });
  }

  of(step) {
    return this.all.find((each) => each.step === step);
  }
}
