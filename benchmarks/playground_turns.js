// What `benchmarks/playground.py` does in the page: each function is one turn.

const nextLook = () => new Promise((resume) => setTimeout(resume, 2));

async function until(isSo) {
  while (!isSo()) await nextLook();
}

/** Milliseconds a step of the report's network, in a worker; `kernelSteps` is the module of that name. */
async function kernelTurn({ kernelSteps, cell, steps }) {
  const { page } = window.ripplecarry;
  if (!window.kernelWorker) {
    sources.set("kernel_steps", kernelSteps);
    const script = new Blob([scriptOf("kernel_steps")], { type: "text/javascript" });
    window.kernelWorker = new Worker(URL.createObjectURL(script));
  }
  const settings = { ...page.settings, cell };
  const answer = new Promise((resume, refuse) => {
    window.kernelWorker.onmessage = ({ data }) => resume(data);
    window.kernelWorker.onerror = refuse;
  });
  window.kernelWorker.postMessage({ bytes: page.crew.bytes, settings, table: page.tableOf(settings), steps });
  return answer;
}

/** Seconds from the click on Start to the end of the training at an address. */
async function trainingTurn(address) {
  const { page } = window.ripplecarry;
  page.open(address);
  await until(() => page.shown);
  const began = performance.now();
  document.getElementById("start").click();
  await until(() => page.isDone);
  return (performance.now() - began) / 1000;
}

/** Seconds from the click on Start to the first reading in which every pair is right; null if there is none. */
async function exactTurn() {
  const { page } = window.ripplecarry;
  const [seed] = page.progress.keys();
  const isExact = () => page.curves.exact.get(seed).some(([, share]) => share === 1);
  const began = performance.now();
  document.getElementById("start").click();
  await until(() => isExact() || page.isDone);
  return isExact() ? (performance.now() - began) / 1000 : null;
}

/** {frames, tasks}: milliseconds between frames, and of long tasks, while it trains for so long. */
async function frameTurn(ms) {
  const tasks = [];
  const observer = new PerformanceObserver((list) => tasks.push(...list.getEntries().map(({ duration }) => duration)));
  observer.observe({ type: "longtask" });
  const frames = [];
  const { page } = window.ripplecarry;
  document.getElementById("start").click();
  const began = performance.now();
  for (let last = null; !page.isDone && performance.now() - began < ms;) {
    await new Promise(requestAnimationFrame);
    const now = performance.now(); // a callback's own argument can be older
    if (last) frames.push(now - last);
    last = now;
  }
  tasks.push(...observer.takeRecords().map(({ duration }) => duration));
  if (page.isRunning) page.pause();
  return { frames, tasks };
}
