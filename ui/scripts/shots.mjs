// Takes pictures of the window in its main states, with the invented library, under the shell's
// content policy and with frozen prototypes as in the shell. Usage: npm run shots [-- name-part…]
// The pictures lie in shots/. Fails if the page logged an error or broke the policy.
import { mkdirSync } from "node:fs";
import { chromium } from "playwright";
import { build, preview } from "vite";

const wanted = process.argv.slice(2);
const skipBuild = process.env.SHOTS_NO_BUILD === "1";

const type = async (page, text) => {
	await page.getByTestId("ask-input").fill(text);
	await page.getByTestId("search-time").waitFor();
};
const ask = async (page, text) => {
	await page.getByTestId("ask-input").fill(text);
	await page.keyboard.press("Enter");
};
const answered = (page) => page.getByTestId("copy-answer").last().waitFor();
const open = (page, id) => page.getByTestId(id).first().click();

/** To another page of the window; in a narrow one the rail has to be opened first. */
const go = async (page, id) => {
	if (await page.getByTestId("rail-toggle").isVisible()) await page.getByTestId("rail-toggle").click();
	await page.getByTestId(id).first().click();
};

/** Each goes from the start of a scene to the state worth seeing. */
const STATES = {
	home: { run: async () => {} },
	empty: { scene: "empty", run: async () => {} },
	modelless: { scene: "modelless", run: async () => {} },
	indexing: { scene: "indexing", run: async () => {} },
	embedding: { scene: "embedding", run: async () => {} },
	results: { run: (page) => type(page, "notice lease") },
	noresults: { run: (page) => type(page, "quantum chromodynamics") },
	reading: {
		slowness: 6,
		run: async (page) => {
			await ask(page, "When and how do I treat against varroa mites?");
			await page.locator('[data-phase="reading"]').waitFor();
			await page.waitForTimeout(900);
		},
	},
	streaming: {
		run: async (page) => {
			await ask(page, "When and how do I treat against varroa mites?");
			await page.locator('[data-phase="writing"]').waitFor();
			await page.waitForTimeout(900);
		},
	},
	answer: {
		run: async (page) => {
			await ask(page, "When and how do I treat against varroa mites?");
			await answered(page);
		},
	},
	hover: {
		run: async (page) => {
			await ask(page, "What is the notice period of my lease?");
			await answered(page);
			await page.getByTestId("citation").nth(1).hover();
			await page.waitForTimeout(400);
		},
	},
	followup: {
		run: async (page) => {
			await ask(page, "What is the notice period of my lease?");
			await answered(page);
			await type(page, "deposit");
		},
	},
	weak: {
		run: async (page) => {
			await ask(page, "harbour pump repairs crew salary");
			await answered(page);
		},
	},
	refusal: {
		run: async (page) => {
			await ask(page, "How high is Mount Everest in yearly metres?");
			await answered(page);
		},
	},
	hostile: {
		run: async (page) => {
			await ask(page, "When does the ferry to the island leave?");
			await answered(page);
		},
	},
	viewerpage: {
		run: async (page) => {
			await ask(page, "What is the notice period of my lease?");
			await answered(page);
			await open(page, "citation");
			await page.getByTestId("viewer-highlight").first().waitFor();
			await page.locator("[data-testid=viewer-page] img").first().waitFor();
			await page.waitForTimeout(400);
		},
	},
	viewertext: {
		run: async (page) => {
			await ask(page, "When and how do I treat against varroa mites?");
			await answered(page);
			await page.getByTestId("citation").nth(1).click();
			await page.locator("mark[data-testid=viewer-highlight]").first().waitFor();
		},
	},
	documents: {
		run: (page) => go(page, "all-documents"),
	},
	failed: {
		run: async (page) => {
			await go(page, "all-documents");
			await page.locator("[data-testid=state-filter][data-state=failed]").click();
			await page.getByTestId("document-row").first().click();
			await page.getByTestId("document-detail").waitFor();
		},
	},
	ledger: { scene: "office", run: (page) => go(page, "all-documents") },
	ledgersource: {
		scene: "office",
		run: async (page) => {
			await go(page, "all-documents");
			if (await page.getByTestId("rail-toggle").isVisible()) await page.getByTestId("rail-toggle").click();
			await page.getByTestId("source-item").filter({ hasText: "Association" }).first().click();
			await page.getByTestId("document-select").nth(2).click();
			await page.getByTestId("document-select").nth(4).click();
		},
	},
	forgotten: {
		scene: "office",
		run: async (page) => {
			await go(page, "all-documents");
			await page.getByTestId("document-filter").fill("agreement (copy)");
			const copy = page.getByTestId("document-row").filter({ hasText: "agreement (copy)" });
			await copy.click({ button: "right" });
			await page.getByTestId("forget").click();
			await page.getByTestId("confirm-yes").click();
			await page.getByTestId("forgotten").waitFor();
		},
	},
	/** Places that could not be looked at, and pictures with and without text. */
	notlooked: {
		scene: "notlooked",
		run: async (page) => {
			await go(page, "all-documents");
			if (await page.getByTestId("rail-toggle").isVisible()) await page.getByTestId("rail-toggle").click();
			await page.getByTestId("source-item").filter({ hasText: "Association" }).first().click();
			const state = { state: "needs_ocr", reason: "nothing_recognized" };
			await page.evaluate((state) => window.docentFake.changeDocument("cards/hive-7.jpg", state), state);
			await page.getByTestId("unreadable").locator("summary").click();
		},
	},
	rules: {
		scene: "office",
		run: async (page) => {
			await go(page, "source-item");
			await page.getByTestId("ledger-more").click();
			await page.getByTestId("rules-open").click();
			await page.getByTestId("rules").waitFor();
		},
	},
	notesfolder: { run: (page) => go(page, "nav-notes") },
	notes: {
		scene: "office",
		run: async (page) => {
			await go(page, "nav-notes");
			await page.getByTestId("note-item").first().click();
			await page.getByTestId("note-editor").waitFor();
			if (await page.getByTestId("note-side").isHidden()) await page.getByTestId("note-side-toggle").click();
		},
	},
	notelink: {
		scene: "office",
		run: async (page) => {
			await go(page, "nav-notes");
			await page.getByTestId("note-item").nth(3).click();
			await page.getByTestId("note-editor").press("Control+End");
			await page.keyboard.type(" [[a");
			await page.getByTestId("note-suggestion").first().waitFor();
		},
	},
	notepreview: {
		scene: "office",
		run: async (page) => {
			await go(page, "nav-notes");
			await page.getByTestId("note-item").nth(1).click();
			await page.getByTestId("note-preview-tab").click();
		},
		onlyWide: true,
	},
	noteconflict: {
		scene: "office",
		run: async (page) => {
			await go(page, "nav-notes");
			await page.getByTestId("note-item").nth(1).click();
			await page.getByTestId("note-editor").press("Control+End");
			await page.keyboard.type(" mine");
			await page.evaluate(() => window.docentFake.notes.writeBehind("Varroa.md", "theirs"));
			await page.getByTestId("note-conflict").waitFor();
		},
	},
	backup: {
		scene: "office",
		run: async (page) => {
			await go(page, "nav-settings");
			await page.getByTestId("back-up").scrollIntoViewIfNeeded();
			await page.getByTestId("back-up").click();
			await page.getByTestId("back-up-done").waitFor();
			await page.getByTestId("move-library").scrollIntoViewIfNeeded();
		},
	},
	switchplan: {
		run: async (page) => {
			await go(page, "nav-models");
			await page.locator("[data-model='multilingual-e5-small'] [data-testid=model-fetch]").click();
			await page.locator("[data-model='multilingual-e5-small'] [data-testid=model-use]").click();
			await page.getByTestId("switch-plan").waitFor();
		},
	},
	sheet: {
		scene: "office",
		run: async (page) => {
			await type(page, "planned spent jars");
			await open(page, "result-item");
			await page.getByTestId("viewer-section").first().waitFor();
		},
	},
	models: {
		run: async (page) => {
			await go(page, "nav-models");
			await page.locator("[data-model='qwen2.5-1.5b-instruct'] [data-testid=model-fetch]").click();
			await page.waitForTimeout(700);
		},
	},
	settings: {
		run: (page) => go(page, "nav-settings"),
	},
	norecognition: {
		scene: "norecognition",
		run: async (page) => {
			await go(page, "nav-settings");
			await page.getByTestId("recognition").scrollIntoViewIfNeeded();
		},
	},
	comparing: { scene: "comparing", run: async () => {} },
	gpufailed: { scene: "gpufailed", run: (page) => go(page, "nav-settings") },
	restore: {
		scene: "unpacking",
		slowness: 4,
		run: async (page) => {
			await go(page, "nav-settings");
			await page.getByTestId("restore-look").click();
			await page.getByTestId("restore-yes").click();
			await page.getByText(/144|240/).waitFor();
		},
	},
	closing: {
		scene: "office",
		slowness: 4,
		run: async (page) => {
			await go(page, "nav-settings");
			await page.getByTestId("back-up").click();
			await page.getByTestId("back-up-progress").waitFor();
			await page.evaluate(() => window.docentFake.close());
			await page.getByTestId("confirm").waitFor();
		},
	},
	about: { run: (page) => go(page, "nav-about") },
	palette: { run: (page) => page.keyboard.press("Control+k") },
	addpath: {
		run: async (page) => {
			await page.keyboard.press("Control+k");
			await page.getByTestId("palette-input").fill("path");
			await page.keyboard.press("Enter");
			await page.getByTestId("add-path-input").waitFor();
		},
	},
	shortcuts: { run: (page) => page.keyboard.press("F1") },
	menu: {
		run: (page) => page.getByTestId("source-item").first().click({ button: "right" }),
		onlyWide: true,
	},
	confirm: {
		run: async (page) => {
			await page.getByTestId("source-item").first().click({ button: "right" });
			await page.locator("[role=menuitem]").last().click();
			await page.getByTestId("confirm").waitFor();
		},
		onlyWide: true,
	},
	scope: { run: (page) => page.getByTestId("scope-button").click() },
	drop: {
		run: (page) => page.evaluate(() => window.docentFake.drop({ kind: "enter", paths: ["/x"] })),
	},
	rejected: {
		run: (page) =>
			page.evaluate(() =>
				window.docentFake.drop({ kind: "drop", paths: ["/home/ada/gone", "/home/ada/also gone.pdf"] }),
			),
	},
	inuse: { scene: "inuse", run: (page) => page.getByTestId("start-failure").waitFor() },
	drawer: { run: (page) => page.getByTestId("rail-toggle").click(), onlyNarrow: true },
	zh: {
		run: async (page) => {
			await ask(page, "夜间怎样给温室保温？");
			await answered(page);
			await open(page, "citation");
			await page.locator("[data-testid=viewer-page] img").first().waitFor();
			await page.waitForTimeout(400);
		},
		onlyLanguage: "zh-CN",
	},
};

const SIZES = [
	{ name: "1280", width: 1280, height: 800 },
	{ name: "1000", width: 1000, height: 700 },
	{ name: "760", width: 760, height: 620 },
];

/** Every state wide and light; the rest of the combinations where they say something new. */
function* shots() {
	const both = [
		"home",
		"answer",
		"documents",
		"settings",
		"models",
		"viewerpage",
		"refusal",
		"empty",
		"about",
		"norecognition",
		"comparing",
		"ledger",
		"ledgersource",
		"forgotten",
		"notlooked",
		"gpufailed",
		"restore",
		"closing",
		"rules",
		"notes",
		"notesfolder",
		"noteconflict",
		"backup",
		"switchplan",
		"sheet",
		"indexing",
	];
	for (const [name, state] of Object.entries(STATES)) {
		for (const size of SIZES) {
			if (state.onlyNarrow ? size.width >= 860 : state.onlyWide && size.width < 1200) continue;
			for (const theme of ["light", "dark"]) {
				for (const language of ["en", "zh-CN"]) {
					if (state.onlyLanguage && state.onlyLanguage !== language) continue;
					const plain = language === (state.onlyLanguage ?? "en");
					if (!plain && !(both.includes(name) && size.width === 1280 && theme === "light")) continue;
					if (theme === "dark" && size.width === 760) continue;
					yield { id: `${name}-${size.name}-${theme}-${language}`, state, size, theme, language };
				}
			}
		}
	}
}

async function take(browser, address, shot) {
	const page = await browser.newPage({
		viewport: { width: shot.size.width, height: shot.size.height },
		colorScheme: shot.theme,
	});
	const problems = [];
	page.on("console", (message) => {
		if (message.type() === "error" || message.type() === "warning") problems.push(message.text());
	});
	page.on("pageerror", (error) => problems.push(String(error)));
	await page.addInitScript(
		({ theme, language }) => {
			localStorage.setItem("docent.theme", theme);
			localStorage.setItem("docent.language", language);
			Object.freeze(Object.prototype);
		},
		{ theme: shot.theme, language: shot.language },
	);
	const { scene = "ready", slowness = 0.3 } = shot.state;
	const query = new URLSearchParams({ scene, slowness, theme: shot.theme, language: shot.language });
	await page.goto(`${address}?${query}`);
	await page
		.locator("[data-testid=rail-toggle], [data-testid=rail], [data-testid=start-failure]")
		.first()
		.waitFor();
	await page.evaluate(() => document.fonts.ready);
	try {
		await shot.state.run(page);
	} catch (error) {
		problems.push(String(error));
	}
	await page.waitForTimeout(350);
	await page.screenshot({ path: `shots/${shot.id}.png` });
	await page.close();
	return problems;
}

if (!skipBuild) await build({ mode: "demo", logLevel: "warn" });
const server = await preview({ build: { outDir: "dist-demo" }, preview: { port: 1421 }, logLevel: "warn" });
const address = server.resolvedUrls.local[0];
const browser = await chromium.launch({
	executablePath: process.env.DOCENT_CHROMIUM ?? "/usr/bin/chromium",
	args: ["--no-sandbox"],
});
mkdirSync("shots", { recursive: true });
let failed = false;
for (const shot of shots()) {
	if (wanted.length > 0 && !wanted.some((part) => shot.id.includes(part))) continue;
	const problems = await take(browser, address, shot);
	console.log(shot.id, problems.length === 0 ? "" : problems);
	failed ||= problems.length > 0;
}
await browser.close();
await server.close();
process.exit(failed ? 1 : 0);
