// Starting the playground.

import { chooseAppearance } from "./appearance.js";
import { decode } from "./decode.js";
import { byId } from "./elements.js";
import { unpacked } from "./kernel.js";
import { Playground } from "./playground_page.js";
import { EN } from "./playground_words_en.js";
import { ZH } from "./playground_words_zh.js";
import { addWords, say } from "./words.js";

// what a browser throws that has no WebAssembly, no SIMD, or no way to unpack
const LACKING = [WebAssembly.CompileError, ReferenceError, TypeError];

/** A worker's script, which the page makes of its own modules. */
const workerAddress = () => URL.createObjectURL(new Blob([window.scriptOf("worker")], { type: "text/javascript" }));

export async function start() {
  const content = JSON.parse(byId("content").textContent);
  addWords({ en: EN, zh: ZH });
  let page = null;
  chooseAppearance(() => page?.speak());
  try {
    const bytes = await unpacked(decode(content.kernel));
    content.tasks = JSON.parse(new TextDecoder().decode(await unpacked(decode(content.tasks))));
    await WebAssembly.compile(bytes);
    page = new Playground(content, workerAddress(), bytes);
  } catch (error) {
    if (!LACKING.some((Kind) => error instanceof Kind)) throw error;
    byId("announcement").textContent = say("trouble.browser", { words: String(error) });
    document.body.dataset.state = "problem";
    return;
  }
  page.open(location.hash);
  window.ripplecarry = { page };
}
