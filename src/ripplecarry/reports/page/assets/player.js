// Stepping through the positions: by keys, by buttons, by itself.

import { byId } from "./elements.js";
import { say } from "./words.js";

/** Positions a second, by the place of the speed's slider. */
const RATES = [0.5, 1, 2, 4, 10, 30, 100];

export class Player {
  /**
   * @param move called with the change of position, or with ±Infinity for the ends; false at the end
   * @param isBusy whether what is said of the position changes by itself
   */
  constructor(move, isBusy) {
    this.move = move;
    this.isBusy = isBusy;
    this.timer = null;
    const keys = {
      ArrowLeft: () => this.step(1),
      ArrowRight: () => this.step(-1),
      Home: () => this.step(-Infinity),
      End: () => this.step(Infinity),
      " ": () => this.toggle(),
      "+": () => this.#changeSpeed(1),
      "=": () => this.#changeSpeed(1),
      "-": () => this.#changeSpeed(-1),
    };
    document.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      if (event.target.closest("input, select, textarea")) return;
      if (event.key === " " && event.target.closest("button, summary")) return;
      if (!(event.key in keys)) return;
      event.preventDefault();
      keys[event.key]();
    });
    byId("first").onclick = keys.Home;
    byId("last").onclick = keys.End;
    byId("next").onclick = keys.ArrowLeft;
    byId("back").onclick = keys.ArrowRight;
    byId("play").onclick = keys[" "];
    byId("speed").oninput = () => this.speak();
  }

  get isPlaying() {
    return this.timer !== null;
  }

  get rate() {
    return RATES[Number(byId("speed").value)];
  }

  step(change) {
    this.pause();
    this.move(change);
  }

  toggle() {
    if (this.isPlaying) return this.pause();
    if (!this.move(1)) this.move(-Infinity);
    this.#wait();
    this.speak();
  }

  pause() {
    clearTimeout(this.timer);
    this.timer = null;
    this.speak();
  }

  /** Puts the words of this language on the controls. */
  speak() {
    byId("play").textContent = say(this.isPlaying ? "pause" : "play");
    byId("speed").setAttribute("aria-valuetext", say("speed.value", { rate: this.rate }));
    // Read out at every position, playing would never come to an end.
    byId("here").setAttribute("aria-live", this.isPlaying || this.isBusy() ? "off" : "polite");
  }

  #wait() {
    this.timer = setTimeout(() => {
      if (this.move(1)) this.#wait();
      else this.pause();
    }, 1000 / this.rate);
  }

  #changeSpeed(change) {
    const speed = byId("speed");
    speed.value = Number(speed.value) + change;
    this.speak();
  }
}
