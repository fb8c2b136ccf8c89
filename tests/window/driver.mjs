// A WebDriver client for docent's real window, and the little that the tests need around it.
//
// WebKitWebDriver starts the program itself; no further tool is needed. Every call has a time limit:
// a hung one would leave driver, program and display behind.

import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { inflateSync } from "node:zlib";

const ELEMENT = "element-6066-11e4-a52e-4f735466cecf";
const CALL_LIMIT_MS = 60_000;

export const KEY = { enter: "\uE007", escape: "\uE00C", control: "\uE009", tab: "\uE004", backspace: "\uE003" };

/** The folder of the built programs, as `cargo xtask test` names it. */
export function programs() {
	const folder = process.env.DOCENT_PROGRAMS;
	if (!folder) throw new Error("DOCENT_PROGRAMS is not set: run `cargo xtask test`");
	return folder;
}

/** A fresh folder that is removed when the test ends. */
export async function freshFolder(t, name = "docent-window-") {
	const folder = await mkdtemp(join(tmpdir(), name));
	t.after(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }));
	return folder;
}

async function freePort() {
	const server = createServer();
	await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
	const { port } = server.address();
	await new Promise((resolve) => server.close(resolve));
	return port;
}

/** Opens docent's window on the library in `data`. */
export async function openWindow(t, data, extra = []) {
	const port = await freePort();
	const environment = { ...process.env, TAURI_WEBVIEW_AUTOMATION: "true" };
	// A process group of its own: whatever the driver has started ends with it.
	const driver = spawn("WebKitWebDriver", [`--port=${port}`], {
		env: environment,
		stdio: ["ignore", "inherit", "inherit"],
		detached: true,
	});
	const base = `http://127.0.0.1:${port}`;
	let window;
	t.after(async () => {
		await window?.close().catch((error) => console.error(`closing the window: ${error.message}`));
		try {
			process.kill(-driver.pid, "SIGKILL");
		} catch {
			// It has ended.
		}
	});
	await until(() => fetch(`${base}/status`).then((answer) => answer.ok, () => false), "the driver to start");
	const capabilities = {
		alwaysMatch: {
			"webkitgtk:browserOptions": {
				binary: join(programs(), "docent-desktop"),
				args: [`--data-dir=${data}`, ...extra],
			},
		},
	};
	const { sessionId } = await call(base, "POST", "/session", { capabilities });
	window = new DocentWindow(`${base}/session/${sessionId}`);
	return window;
}

async function call(base, method, path, body) {
	const answer = await fetch(base + path, {
		method,
		headers: { "content-type": "application/json" },
		body: method === "POST" ? JSON.stringify(body ?? {}) : undefined,
		signal: AbortSignal.timeout(CALL_LIMIT_MS),
	});
	const { value } = await answer.json();
	if (value?.error) throw new Error(`${method} ${path}: ${value.error}: ${value.message}`);
	return value;
}

/** Waits until `condition` gives something truthy and returns it. */
export async function until(condition, what, limitMs = 90_000) {
	const deadline = Date.now() + limitMs;
	let last;
	while (Date.now() < deadline) {
		try {
			const value = await condition();
			if (value) return value;
		} catch (error) {
			last = error;
		}
		await sleep(100);
	}
	throw new Error(`waited ${limitMs / 1000} s for ${what}${last ? ` (last: ${last.message})` : ""}`);
}

export class DocentWindow {
	constructor(session) {
		this.session = session;
		this.isOpen = true;
	}

	get(path) {
		return call(this.session, "GET", path);
	}

	post(path, body) {
		return call(this.session, "POST", path, body);
	}

	/** Runs JavaScript in the page, as a check of what is there, never to act. */
	script(script, ...args) {
		return this.post("/execute/sync", { script, args });
	}

	async all(testId, suffix = "") {
		const value = `[data-testid="${testId}"]${suffix}`;
		const found = await this.post("/elements", { using: "css selector", value });
		return found.map((element) => element[ELEMENT]);
	}

	/** The first element with this test id, once it is there. */
	async one(testId, suffix = "", limitMs = 30_000) {
		return until(async () => (await this.all(testId, suffix))[0], `${testId}${suffix}`, limitMs);
	}

	async click(testId, suffix = "") {
		// An element may be replaced between finding and clicking: find it again then.
		await until(async () => {
			const element = await this.one(testId, suffix);
			await this.post(`/element/${element}/click`);
			return true;
		}, `a click on ${testId}${suffix}`);
	}

	async type(testId, text) {
		const element = await this.one(testId);
		await this.post(`/element/${element}/value`, { text });
	}

	async text(testId, suffix = "") {
		const element = await this.one(testId, suffix);
		return this.get(`/element/${element}/text`);
	}

	/** The text of every element with this test id, as the page holds it now. */
	texts(testId, suffix = "") {
		return this.script(
			"return Array.from(document.querySelectorAll(arguments[0]), (element) => element.textContent)",
			`[data-testid="${testId}"]${suffix}`,
		);
	}

	/** Presses keys together, as a person would. */
	async press(...keys) {
		const down = keys.map((value) => ({ type: "keyDown", value }));
		const up = keys.toReversed().map((value) => ({ type: "keyUp", value }));
		await this.post("/actions", { actions: [{ type: "key", id: "keyboard", actions: [...down, ...up] }] });
	}

	async screenshot() {
		return Buffer.from(await this.get("/screenshot"), "base64");
	}

	/** Adds a path by keyboard, through the command palette. */
	async addPath(path) {
		await this.press(KEY.control, "k");
		await this.type("palette-input", "path");
		await this.press(KEY.enter);
		await this.type("add-path-input", path);
		await this.click("add-path-submit");
	}

	/** Waits until indexing rests and every document is settled. */
	async untilIndexed(sources = 1) {
		await until(async () => {
			const state = await this.invoke("app_state", {});
			const list = await this.invoke("list_sources", {});
			const waiting = list.sources.reduce((sum, source) => sum + source.counts.waiting, 0);
			const total = list.sources.reduce((sum, source) => sum + source.counts.total, 0);
			return list.sources.length >= sources && total > 0 && waiting === 0 && state.indexing.phase === "idle";
		}, "indexing to rest", 240_000);
	}

	/** Asks the core, to see what is true beside what is shown. */
	invoke(command, req) {
		return this.post("/execute/async", {
			script: `const done = arguments[arguments.length - 1];
				window.__TAURI_INTERNALS__.invoke(arguments[0], { req: arguments[1] })
					.then((value) => done({ value }), (error) => done({ error }));`,
			args: [command, req],
		}).then(({ value, error }) => {
			if (error) throw new Error(`${command}: ${JSON.stringify(error)}`);
			return value;
		});
	}

	async close() {
		if (!this.isOpen) return;
		this.isOpen = false;
		await call(this.session, "DELETE", "");
	}
}

/** How much of a PNG differs from a picture of one colour, 0 to 1. */
export function variety(png) {
	const parts = [];
	for (let at = 8; at < png.length; ) {
		const length = png.readUInt32BE(at);
		if (png.toString("latin1", at + 4, at + 8) === "IDAT") parts.push(png.subarray(at + 8, at + 8 + length));
		at += length + 12;
	}
	// Filtered rows: a picture of one colour is zero nearly everywhere.
	const rows = inflateSync(Buffer.concat(parts));
	return rows.reduce((sum, byte) => sum + (byte === 0 ? 0 : 1), 0) / rows.length;
}
