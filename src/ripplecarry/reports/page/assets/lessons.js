// Lessons: addresses with a few sentences each, which a teacher can link to.

import { byId, make } from "./elements.js";
import { say } from "./words.js";

/** What to set beside the defaults. */
export const LESSONS = [
  { name: "adds", address: "#v=1&learning_rate=0.01&steps=300" },
  { name: "random", address: "#v=1&layers=1&learning_rate=0.01&steps=400" },
  { name: "longer", address: "#v=1&digits=4&learning_rate=0.01&steps=600" },
  { name: "fast", address: "#v=1&learning_rate=0.1&steps=500&seeds=2" },
  { name: "forgets", address: "#v=1&cell=gru&digits=20&learning_rate=0.01&steps=400" },
  { name: "parity", address: "#v=1&cell=mingru&layers=1&task=parity&digits=12&learning_rate=0.01&steps=300" },
];

export function drawLessons() {
  const links = byId("lessons").children; // kept, as is the focus on one
  if (!links.length) byId("lessons").append(...LESSONS.map(({ address }) => make("a", { href: address })));
  LESSONS.forEach(({ name }, i) => { links[i].textContent = say(`lesson.${name}`); });
}

/** Marks the lesson of this address, and says what to do in it. */
export function sayLessons(address) {
  const lesson = LESSONS.find((each) => each.address === address);
  byId("lesson-words").textContent = say(lesson ? `lesson.${lesson.name}.words` : "lesson.none");
  for (const link of byId("lessons").children) {
    if (link.getAttribute("href") === address) link.setAttribute("aria-current", "true");
    else link.removeAttribute("aria-current");
  }
}
