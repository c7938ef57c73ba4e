// Opens a page in a browser and prints, as JSON, what a person sees there: light, dark, and on a phone. Arguments: the
// browser, a folder for its profile, and the page.
import { spawn } from "node:child_process";

const [browser, profile, page] = process.argv.slice(2);
const child = spawn(
  browser,
  ["--headless", "--no-sandbox", "--disable-gpu", "--remote-debugging-pipe", `--user-data-dir=${profile}`],
  { stdio: ["ignore", "ignore", "ignore", "pipe", "pipe"] },
);
child.on("error", () => process.exit(3));
const waiting = new Map();
const events = [];
let buffer = "";
let last = 0;
child.stdio[4].on("data", (data) => {
  buffer += data;
  for (let end = buffer.indexOf("\0"); end >= 0; end = buffer.indexOf("\0")) {
    const message = JSON.parse(buffer.slice(0, end));
    buffer = buffer.slice(end + 1);
    if (message.id) {
      const { resolve, reject } = waiting.get(message.id);
      waiting.delete(message.id);
      if (message.error) reject(new Error(message.error.message));
      else resolve(message.result);
    } else {
      events.push(message);
    }
  }
});
const send = (method, params = {}, sessionId = undefined) =>
  new Promise((resolve, reject) => {
    last += 1;
    waiting.set(last, { resolve, reject });
    child.stdio[3].write(`${JSON.stringify({ id: last, method, params, sessionId })}\0`);
  });
const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

const helpers = `
  const visible = (element) => element.checkVisibility({ contentVisibilityAuto: true });
  const shown = () => [...document.querySelectorAll(".finding")].filter(visible).length;
  const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
  // The contrast of a text and what is behind it, as WCAG computes it.
  const channels = (color) => color.match(/[\\d.]+/g).map(Number);
  const light = (color) => {
    const [r, g, b] = channels(color).slice(0, 3).map((it) => it / 255)
      .map((it) => (it <= 0.03928 ? it / 12.92 : ((it + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const color = getComputedStyle(at).backgroundColor;
      if ((channels(color)[3] ?? 1) > 0) return color;
    }
    return "rgb(255, 255, 255)";
  };
  const contrast = (element) => {
    const [a, b] = [light(getComputedStyle(element).color), light(behind(element))].sort((a, b) => b - a);
    return (a + 0.05) / (b + 0.05);
  };
`;
const look_at = async (look) => {
  const phone = look === "phone";
  const { targetId } = await send("Target.createTarget", { url: "about:blank" });
  const { sessionId } = await send("Target.attachToTarget", { targetId, flatten: true });
  const own = () => events.filter((event) => event.sessionId === sessionId);
  const tab = (method, params) => send(method, params, sessionId);
  const ask = async (expression) => {
    const { result, exceptionDetails } = await tab("Runtime.evaluate", {
      expression: `(async () => { ${expression} })()`,
      awaitPromise: true,
      returnByValue: true,
    });
    if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
    return result.value;
  };
  await tab("Page.enable");
  await tab("Log.enable");
  await tab("Runtime.enable");
  await tab("Emulation.setDeviceMetricsOverride", {
    width: phone ? 390 : 1280,
    height: phone ? 844 : 900,
    deviceScaleFactor: 1,
    mobile: phone,
  });
  await tab("Emulation.setEmulatedMedia", {
    features: [{ name: "prefers-color-scheme", value: look === "dark" ? "dark" : "light" }],
  });
  await tab("Page.navigate", { url: page });
  while (!own().some((event) => event.method === "Page.loadEventFired")) await pause(20);

  const result = await ask(`${helpers}
    const texts = [...document.querySelectorAll("h1, h3, p, dt, dd, code, pre, a, summary, footer, .severity, .mark")];
    return {
      background: getComputedStyle(document.body).backgroundColor,
      contrast: Math.min(...texts.filter(visible).map(contrast)),
      height: document.documentElement.scrollHeight,
      overflow: document.documentElement.scrollWidth - innerWidth,
      findings: document.querySelectorAll(".finding").length,
      shown: shown(),
      search: visible(document.querySelector("#search")),
    };`);
  result.filtered = await ask(`${helpers}
    const boxes = [...document.querySelectorAll(".filter input")];
    const label = document.querySelector(".filter label");
    label.click();
    const left = [...document.querySelectorAll(".finding." + label.htmlFor.replace("show-", ""))].filter(visible).length;
    label.click();
    return { severities: boxes.length, left };`);
  const word = await ask(`return [...document.querySelectorAll(".finding")].at(-1).id;`);
  const search = (text) => ask(`${helpers}
    const box = document.querySelector("#search");
    box.value = ${JSON.stringify(text)};
    box.dispatchEvent(new Event("input"));
    await pause(200);
    return { shown: shown(), says: document.querySelector("#matches").textContent };`);
  result.found = await search(word.toUpperCase());
  result.nothing = await search("no-such-thing-on-this-page");
  result.cleared = await search("");
  // A link of the contents leads to a finding that is folded away.
  result.linked = await ask(`${helpers}
    const link = [...document.querySelectorAll("nav ul a")].at(-1);
    link.click();
    await pause(300);
    const target = document.getElementById(link.hash.slice(1));
    const { top } = target.getBoundingClientRect();
    return { visible: visible(target), inside: top >= -1 && top < innerHeight };`);
  // The tallest fold: everything of one rule, then one part of it.
  result.opened = await ask(`
    const before = document.documentElement.scrollHeight;
    const rule = [...document.querySelectorAll("details.rule")]
      .sort((a, b) => b.querySelectorAll(".finding").length - a.querySelectorAll(".finding").length)[0];
    if (!rule) return before;
    rule.open = true;
    const part = rule.querySelector("details.part");
    if (part) part.open = true;
    return document.documentElement.scrollHeight;`);
  result.complaints = own()
    .filter((event) => event.method === "Log.entryAdded" || event.method === "Runtime.exceptionThrown")
    .map((event) => event.params.entry?.text ?? event.params.exceptionDetails.text);
  const picture = process.env.TEST_SCREENSHOTS;
  if (picture) {
    const { writeFileSync } = await import("node:fs");
    await ask("scrollTo(0, 0);");
    const { data } = await tab("Page.captureScreenshot", { format: "png" });
    writeFileSync(`${picture}/${page.split("/").at(-1)}-${look}.png`, Buffer.from(data, "base64"));
  }
  return result;
};

const results = [];
for (const look of ["light", "dark", "phone"]) results.push(await look_at(look));
console.log(JSON.stringify(results));
await send("Browser.close").catch(() => {});
