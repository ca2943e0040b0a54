// The workers that train: as many as there are seeds and cores, each with its share of the seeds.

export class Crew {
  /**
   * @param address of the worker's script
   * @param bytes of the kernel
   * @param heard called with each message of the training at hand
   */
  constructor(address, bytes, heard) {
    this.address = address;
    this.bytes = bytes;
    this.heard = heard;
    this.id = 0;
    this.workers = [];
    this.tester = null;
    this.isBroken = false;
  }

  /** Makes networks for the settings, untrained. */
  open(settings, table, layer) {
    this.id++;
    const seeds = Array.from({ length: settings.seeds }, (_, i) => BigInt.asUintN(64, settings.seed + BigInt(i)));
    const count = Math.max(1, Math.min(seeds.length, navigator.hardwareConcurrency || 1));
    // what troubled a worker may be in its way still
    if (this.isBroken) this.workers.splice(0).forEach((worker) => worker.terminate());
    this.isBroken = false;
    while (this.workers.length > count) this.workers.pop().terminate();
    while (this.workers.length < count) this.workers.push(this.#make());
    this.workers.forEach((worker, i) => worker.postMessage({
      call: "open", id: this.id, bytes: this.bytes, settings, table, layer,
      seeds: seeds.filter((_, number) => number % count === i), viewed: seeds[0],
    }));
    return seeds;
  }

  /** Stops training after trouble: the next settings get new workers. */
  breakOff() {
    if (!this.isBroken) this.pause();
    this.isBroken = true;
  }

  run() { this.#tell({ call: "run" }); }
  pause() { this.#tell({ call: "pause" }); }
  step() { this.#tell({ call: "step" }); }

  /** Asks the first worker, which has the seed that is shown. */
  look(question) { this.workers[0].postMessage({ call: "look", ...question }); }
  weights(seed) { this.workers[0].postMessage({ call: "weights", seed }); }

  /** Tests weights in a worker of their own. */
  test(settings, table, weights, longest) {
    this.stopTest();
    this.tester = this.#make();
    this.tester.postMessage({ call: "test", id: this.id, bytes: this.bytes, settings, table, weights, longest });
  }

  stopTest() {
    this.tester?.terminate();
    this.tester = null;
  }

  #tell(message) {
    this.workers.forEach((worker) => worker.postMessage(message));
  }

  #make() {
    const worker = new Worker(this.address);
    const hear = (message) => this.heard({ ...message, isOfTest: worker === this.tester });
    worker.onmessage = ({ data }) => { if (data.id === this.id) hear(data); };
    worker.onerror = (event) => {
      event.preventDefault();
      hear({ about: "trouble", key: "trouble.other", words: event.message ?? "" });
    };
    return worker;
  }
}
