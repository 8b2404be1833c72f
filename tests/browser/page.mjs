// Opens pages in a headless browser and does what a reviewer does. The first argument is the directory of the pages, the second
// one a directory for screenshots, if they are wanted.

import assert from "node:assert/strict";
import { readFileSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const [directory, screenshots] = process.argv.slice(2);
const require = createRequire(join(directory, "package.json"));
const { chromium } = require("playwright-core");
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");

const MOST_BYTES = 5_000_000;
const MOST_ROWS = 300;
const MOST_ELEMENTS = 30_000;

const browser = await chromium.launch({ executablePath: process.env.CHROMIUM, args: ["--no-sandbox", "--disable-gpu"] });
let failed = 0;

/** A page in a fresh browser context, with all that goes wrong or leaves it written down. */
async function opened(name, options = {}, hash = "") {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
  context.setDefaultTimeout(20_000);
  const page = await context.newPage();
  const seen = { errors: [], requests: [] };
  page.on("console", (message) => message.type() !== "log" && seen.errors.push(message.text()));
  page.on("pageerror", (error) => seen.errors.push(String(error)));
  page.on("request", (request) => seen.requests.push(request.url()));
  const url = pathToFileURL(join(directory, name)).href;
  await page.goto(url + hash);
  return { page, seen, url, context };
}

async function test(name, run) {
  try {
    await run();
    console.log(`ok    ${name}`);
  } catch (error) {
    failed += 1;
    console.log(`FAIL  ${name}\n${error.stack}`);
    await Promise.all(browser.contexts().map((context) => context.close()));
  }
}

const visibleRows = (page) => page.locator("#rows tr:not([hidden])").count();

for (const name of ["page-20.html", "page-500.html", "page-5000.html", "index.html"]) {
  await test(`${name} loads, asks for nothing and says nothing to the console`, async () => {
    const { page, seen, url, context } = await opened(name);
    assert.match(await page.locator("h1").innerText(), /DENIED/);
    assert.deepEqual(seen.errors, []);
    assert.deepEqual(seen.requests, [url]);
    // What the page may not do is refused, whatever somebody put into it.
    const refused = await page.evaluate(async () => {
      const script = document.createElement("script");
      script.textContent = "window.owned = true";
      document.body.append(script);
      const answer = await fetch("https://example.com").then(() => "fetched", () => "refused");
      return [window.owned === undefined, answer];
    });
    assert.deepEqual(refused, [true, "refused"]);
    assert.equal(seen.requests.length, 1);
    await context.close();
  });

  // Thousands of rows alike say no more than hundreds.
  for (const colorScheme of name === "page-5000.html" ? [] : ["light", "dark"]) {
    await test(`${name} has no serious problem of accessibility, ${colorScheme}`, async () => {
      const { page, context } = await opened(name, { colorScheme, bypassCSP: true });
      const drawers = name === "index.html" ? [false] : [false, true];
      for (const isOpen of drawers) {
        if (isOpen) await page.locator("#rows a").first().click();
        await page.evaluate(axe);
        const violations = await page.evaluate(async () => {
          const { violations } = await window.axe.run(document, { resultTypes: ["violations"] });
          return violations
            .filter((violation) => ["serious", "critical"].includes(violation.impact))
            .map((violation) => `${violation.id}: ${violation.nodes.slice(0, 3).map((node) => node.html.slice(0, 200) + " " + node.failureSummary).join("\n")}`);
        });
        assert.deepEqual(violations, []);
      }
      await context.close();
    });
  }
}

await test("5,000 resources fit, and most rows wait until they are wanted", async () => {
  assert.ok(statSync(join(directory, "page-5000.html")).size < MOST_BYTES, `${statSync(join(directory, "page-5000.html")).size} bytes`);
  const { page, context } = await opened("page-5000.html");
  const taken = await page.evaluate(() => {
    const [navigation] = performance.getEntriesByType("navigation");
    return navigation.loadEventEnd;
  });
  // How long it takes depends on the machine; how much there is to lay out does not. Without another program beside it, the
  // page is there within two seconds.
  console.log(`      loaded in ${Math.round(taken)} ms, ${statSync(join(directory, "page-5000.html")).size} bytes`);
  assert.ok((await visibleRows(page)) <= MOST_ROWS);
  const elements = await page.evaluate(() => document.querySelectorAll("*").length);
  assert.ok(elements < MOST_ELEMENTS, `${elements} elements`);
  await page.locator("#search").fill("item-4999");
  assert.equal(await visibleRows(page), 0, "it is unchanged");
  await page.locator("#changed").uncheck();
  assert.equal(await visibleRows(page), 1);
  await context.close();
});

await test("filters choose rows, and the address keeps them", async () => {
  const { page, url, context } = await opened("page-500.html");
  const all = await visibleRows(page);
  await page.locator("#action").selectOption("destroy");
  const destroyed = await visibleRows(page);
  assert.ok(destroyed > 0 && destroyed < all, `${destroyed} of ${all}`);
  assert.equal(await page.locator("#rows tr.destroy:not([hidden])").count(), destroyed);
  await page.locator("#search").fill("module.data");
  assert.match(await page.locator("#status").innerText(), /of \d+ resources/);
  const address = page.url();
  assert.match(address, /action=destroy/);
  assert.match(address, /q=module.data/);
  const kept = await visibleRows(page);
  const again = await opened("page-500.html", {}, address.slice(url.length));
  assert.equal(await visibleRows(again.page), kept);
  assert.equal(await again.page.locator("#action").inputValue(), "destroy");
  await page.locator("#clear").click();
  assert.equal(await visibleRows(page), all);
  await page.locator("#module").selectOption("module.api");
  assert.equal(await page.locator("#rows tr:not([hidden]) .module").evaluateAll((all) => all.every((m) => m.textContent === "module.api.")), true);
  await page.locator("#clear").click();
  await page.locator("#type").selectOption("aws_sqs_queue");
  assert.ok((await visibleRows(page)) > 0);
  await page.locator("#clear").click();
  await page.locator("#level").selectOption("critical");
  assert.equal(await page.locator("#rows tr:not([hidden]) .severity.critical").count() > 0, true);
  await page.locator("#clear").click();
  await page.locator("#changed").uncheck();
  await page.locator("#every").click();
  assert.ok((await page.locator("#rows tr.unchanged:not([hidden])").count()) > 0);
  await page.locator("a.tile.replace").click();
  assert.equal(await page.locator("#rows tr.replace:not([hidden])").count(), await visibleRows(page));
  await context.close();
  await again.context.close();
});

const addresses = (page) => page.locator("#rows th a").allInnerTexts();
const sorted = (texts) => [...texts].sort(new Intl.Collator("en", { numeric: true }).compare);

await test("what matters stands first, and every order is one click or key away", async () => {
  const { page, url, context } = await opened("page-500.html");
  // The page lists no more than 300 rows at first.
  await page.locator("#module").selectOption("module.api");
  const first = await addresses(page);
  assert.match(await page.locator("#rows tr").first().innerText(), /critical/);
  const head = (name) => page.locator(`th[data-sort=${name}]`);
  const click = (name) => head(name).locator("button").click();
  const all = await addresses(page);
  await click("address");
  assert.equal(await head("address").getAttribute("aria-sort"), "ascending");
  assert.deepEqual(await addresses(page), sorted(all));
  await click("address");
  assert.equal(await head("address").getAttribute("aria-sort"), "descending");
  assert.deepEqual(await addresses(page), sorted(all).reverse());
  assert.match(page.url(), /sort=-address/);
  const again = await opened("page-500.html", {}, page.url().slice(url.length));
  assert.equal((await addresses(again.page))[0], sorted(all).at(-1), "the address keeps the order");
  await again.context.close();
  await click("address");
  assert.equal(await head("address").getAttribute("aria-sort"), null);
  assert.deepEqual(await addresses(page), first, "the third time leads back");
  // By keyboard: a heading is a button.
  await head("cost").locator("button").focus();
  await page.keyboard.press("Enter");
  assert.equal(await head("cost").getAttribute("aria-sort"), "descending");
  const amounts = (await page.locator("#rows td.money").allInnerTexts()).map((text) => Number((text.match(/[+-]\$[\d.,]+/) || ["0"])[0].replace(/[+$,]/g, "")));
  assert.ok(amounts[0] > 0 && amounts.every((amount, at) => at === 0 || amount <= amounts[at - 1]), `${amounts.slice(0, 20)}`);
  await page.locator("#sort").selectOption("type");
  const types = (await addresses(page)).map((address) => address.match(/(aws_\w+)\.\w+\[/)[1]);
  assert.deepEqual(types, sorted(types));
  await page.locator("#sort").selectOption("action");
  assert.match(await page.locator("#rows tr").first().getAttribute("class"), /destroy/);
  await page.locator("h1").click();
  await page.keyboard.press("s");
  assert.equal(await page.locator("#sort").inputValue(), "findings");
  await page.locator("#clear").click();
  await page.locator("#module").selectOption("module.api");
  assert.deepEqual(await addresses(page), first);
  await context.close();
});

await test("a resource has its cost in the table and in the drawer", async () => {
  const { page, context } = await opened("page-20.html");
  const row = page.locator("#rows tr", { has: page.locator("td.money b") }).first();
  const change = await row.locator("td.money b").innerText();
  await row.locator("a").click();
  const drawer = await page.locator("#drawer").innerText();
  assert.match(drawer, /Monthly cost/);
  assert.ok(drawer.includes(change), `${change}: ${drawer}`);
  assert.ok((await page.locator("#drawer .costs li").count()) > 0);
  await context.close();
});

await test("controls of a benchmark are searched, and lead to what violates them", async () => {
  const { page, context } = await opened("page-500.html");
  const visible = page.locator("#benchmarks .control:visible");
  const open = await visible.count();
  assert.ok(open > 0, "violated controls are open");
  assert.match(await page.locator("#benchmarks details.violated summary").innerText(), /\d+ violated/);
  assert.equal(await page.locator("#benchmarks details.met").getAttribute("open"), null);
  await page.locator("#control-search").fill("root user");
  assert.ok((await visible.count()) > 0, "a search looks into what is folded");
  assert.match(await page.locator("#control-status").innerText(), /^\d+ of \d+ controls$/);
  for (const text of await visible.allInnerTexts()) assert.match(text, /root user/i);
  await page.keyboard.press("Escape");
  assert.equal(await visible.count(), open);
  const violation = page.locator("#benchmarks details.violated .found a").first();
  const address = await violation.innerText();
  await violation.click();
  assert.equal(await page.locator("#drawer-title").innerText(), address);
  await context.close();
});

await test("a finding that repeats the one before it is whole in the drawer", async () => {
  const { page, context } = await opened("page-500.html");
  const like = page.locator(".finding.like:visible").first();
  const address = await like.locator(".address").innerText();
  const id = await like.getAttribute("id");
  await like.locator("a").click();
  const copies = page.locator("#drawer .finding", { hasText: address });
  assert.ok((await copies.count()) > 0);
  for (const text of await copies.allInnerTexts()) assert.ok(text.length > address.length + 5, text);
  assert.equal(await page.locator(`#drawer #${id}`).count(), 0);
  await page.keyboard.press("Escape");
  await context.close();
});

for (const name of ["page-20.html", "page-500.html", "index.html"]) {
  await test(`${name} has nothing out of sight on a narrow screen`, async () => {
    const { page, context } = await opened(name, { viewport: { width: 500, height: 900 } });
    const wide = await page.evaluate(() => {
      const regions = [...document.querySelectorAll(".scroll")].filter((region) => region.scrollWidth > region.clientWidth + 1);
      return [document.documentElement.scrollWidth, ...regions.map((region) => region.firstElementChild.className)];
    });
    assert.deepEqual(wide, [500]);
    await context.close();
  });
}

await test("a resource opens with its difference, and its dependencies lead on", async () => {
  const { page, context } = await opened("page-500.html");
  await page.locator("#action").selectOption("replace");
  await page.locator("#rows tr:not([hidden]) a").first().click();
  const drawer = page.locator("#drawer");
  assert.equal(await drawer.isVisible(), true);
  assert.match(await drawer.innerText(), /replaced/);
  assert.match(await drawer.innerText(), /forces replacement/);
  assert.match(await drawer.innerText(), /known after apply/);
  assert.equal(await page.evaluate(() => document.activeElement.id), "drawer-title");
  const first = await page.locator("#drawer-title").innerText();
  const next = drawer.locator(".dependencies a[data-open]").first();
  const name = await next.innerText();
  await next.click();
  const second = await page.locator("#drawer-title").innerText();
  assert.notEqual(second, first);
  assert.ok(second.startsWith(name), `${second} is of ${name}`);
  assert.match(page.url(), /open=/);
  await page.keyboard.press("Escape");
  assert.equal(await drawer.isVisible(), false);
  assert.doesNotMatch(page.url(), /open=/);
  await context.close();
});

await test("an address opens what it names", async () => {
  const { page, context } = await opened("page-20.html");
  await page.locator("#rows a").first().click();
  const title = await page.locator("#drawer-title").innerText();
  const hash = new URL(page.url()).hash;
  const again = await opened("page-20.html", {}, hash);
  assert.equal(await again.page.locator("#drawer-title").innerText(), title);
  await context.close();
  await again.context.close();
});

await test("keys do what the mouse does", async () => {
  const { page, context } = await opened("page-500.html");
  await page.keyboard.press("j");
  await page.keyboard.press("j");
  await page.keyboard.press("k");
  assert.equal(await page.locator("tr.chosen").getAttribute("id"), "r0");
  await page.keyboard.press("j");
  const row = page.locator("tr.chosen");
  const address = await row.locator("a").innerText();
  await page.keyboard.press("Enter");
  assert.equal(await page.locator("#drawer-title").innerText(), address);
  await page.keyboard.press("j");
  assert.notEqual(await page.locator("#drawer-title").innerText(), address, "the drawer follows");
  await page.keyboard.press("Escape");
  assert.equal(await page.locator("#drawer").isVisible(), false);
  await page.keyboard.press("n");
  assert.equal(await page.evaluate(() => document.activeElement.id), "finding-0");
  await page.keyboard.press("n");
  await page.keyboard.press("p");
  assert.equal(await page.evaluate(() => document.activeElement.id), "finding-0");
  await page.keyboard.press("Enter");
  assert.equal(await page.locator("#drawer").isVisible(), true);
  await page.keyboard.press("Escape");
  await page.keyboard.press("/");
  assert.equal(await page.evaluate(() => document.activeElement.id), "search");
  await page.keyboard.type("jnf");
  assert.equal(await page.locator("#search").inputValue(), "jnf", "keys are text in a field");
  await page.keyboard.press("Escape");
  assert.equal(await page.locator("#search").inputValue(), "");
  await page.keyboard.press("f");
  assert.equal(await page.locator("#level").inputValue(), "some");
  await page.keyboard.press("f");
  assert.equal(await page.locator("#level").inputValue(), "");
  await page.keyboard.press("?");
  assert.equal(await page.locator("#keys").isVisible(), true);
  await page.keyboard.press("Escape");
  assert.equal(await page.locator("#keys").isVisible(), false);
  await context.close();
});

await test("a box of the map leads to what is in it", async () => {
  const { page, context } = await opened("page-500.html");
  const box = page.locator("svg.drawing g[role=button]").first();
  await box.focus();
  await page.keyboard.press("Enter");
  assert.match(page.url(), /module=module/);
  assert.ok((await visibleRows(page)) > 0);
  await context.close();
});

await test("the switch changes the colours", async () => {
  const { page, context } = await opened("page-20.html", { colorScheme: "light" });
  const colour = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const before = await colour();
  await page.locator("#theme").click();
  assert.notEqual(await colour(), before);
  await page.locator("#theme").click();
  assert.equal(await colour(), before);
  await context.close();
});

await test("without scripts the page has findings, resources and differences", async () => {
  const { page, seen, context } = await opened("page-20.html", { javaScriptEnabled: false });
  assert.deepEqual(seen.errors, []);
  assert.equal(await page.locator("#filters").isVisible(), false);
  assert.equal(await page.locator("#drawer").isVisible(), false);
  assert.ok((await page.locator(".finding").count()) > 0);
  assert.ok((await page.locator("#rows tr").count()) > 0);
  assert.ok((await page.locator("#benchmarks details.violated .control:visible").count()) > 0);
  await page.locator("#benchmarks details.met summary").click();
  assert.ok((await page.locator("#benchmarks details.met .control:visible").count()) > 0);
  assert.ok((await page.locator("#rows td.money").count()) > 0);
  const details = page.locator("#differences details").first();
  assert.equal(await details.isVisible(), true);
  await details.locator("summary").click();
  assert.equal(await details.locator(".row").first().isVisible(), true);
  await context.close();
});

await test("no secret is in a page", async () => {
  for (const name of ["page-20.html", "page-500.html", "page-5000.html", "index.html"]) {
    assert.equal(readFileSync(join(directory, name), "utf8").includes("correct-horse"), false, name);
  }
});

await test("an index of plans has the verdict of each", async () => {
  const { page, context } = await opened("index.html");
  assert.equal(await page.locator("table.plans tbody tr").count(), 2);
  assert.match(await page.locator("table.plans td.sum").first().innerText(), /\$/);
  assert.ok((await page.locator("#benchmarks .control:visible").count()) > 0);
  assert.match(await page.locator("table.plans").innerText(), /DENIED/);
  await context.close();
});

if (screenshots) {
  for (const name of ["page-20", "page-500", "page-5000", "index"]) {
    for (const colorScheme of ["light", "dark"]) {
      const { page, context } = await opened(`${name}.html`, { colorScheme });
      await page.screenshot({ path: join(screenshots, `${name}-${colorScheme}.png`) });
      if (name === "index") continue;
      await page.locator("#map").scrollIntoViewIfNeeded();
      await page.evaluate(() => document.getElementById("map").scrollIntoView());
      await page.screenshot({ path: join(screenshots, `${name}-map-${colorScheme}.png`) });
      await page.evaluate(() => document.getElementById("resources").scrollIntoView());
      await page.locator("#rows tr.replace a, #rows tr.update a").first().click();
      await page.screenshot({ path: join(screenshots, `${name}-drawer-${colorScheme}.png`) });
      await context.close();
    }
  }
}
await browser.close();
if (failed > 0) {
  console.log(`${failed} tests failed`);
  process.exit(1);
}
