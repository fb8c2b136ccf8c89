/** How a note's text reaches the core, without a window around it. */
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { setHost } from "../src/api/rpc";
import { NoteDraft } from "../src/features/notes/draft.svelte";
import { forgetDrafts, keepDraft } from "../src/features/notes/drafts.svelte";
import { apiError, FakeHost, type FakeOptions } from "../src/host/fake";
import { hold } from "./window";

const paths = (host: FakeHost) => host.notes.list({ text: null, tag: null }).notes.map(({ path }) => path);
const saves = (host: FakeHost) => host.calls.filter(({ name }) => name === "save_note");

function opened(name: string, options: FakeOptions = {}): { host: FakeHost; draft: NoteDraft } {
	const host = new FakeHost({ notes: true, ...options });
	setHost(host);
	return { host, draft: keepDraft(new NoteDraft(host.notes.read(name))) };
}

beforeEach(() => {
	forgetDrafts();
	localStorage.clear();
});

describe("restoring an earlier text", () => {
	test("is one of the saves that follow one another: no conflict of a note with itself", async () => {
		const held = hold();
		const { host, draft } = opened("Varroa.md", { gate: held.gate });
		held.at = "save_note";
		const restored = draft.restore("# Varroa\n\nas it was");
		await expect.poll(() => saves(host).length).toBe(1);
		draft.type("# Varroa\n\nas it was, and more");
		const flushed = draft.flush();
		held.release();
		expect(await Promise.all([restored, flushed])).toEqual([true, true]);
		expect(draft.conflict).toBeNull();
		expect(paths(host)).not.toContain("Varroa (conflict).md");
		expect(host.notes.read("Varroa.md").text).toBe("# Varroa\n\nas it was, and more");
		expect(draft.dirty).toBe(false);
	});

	test("does not take the place of a text that cannot be saved", async () => {
		const { draft } = opened("Varroa.md", { failing: { save_note: "disk_full" } });
		draft.type("nowhere else");
		expect(await draft.restore("# Varroa\n\nas it was")).toBe(false);
		expect(draft.text).toBe("nowhere else");
	});
});

test("what an earlier window left stays until somebody has looked at it", async () => {
	const { draft } = opened("Varroa.md");
	draft.type("one");
	draft.type("one two"); // The second one is kept at the end of the interval, when all is forgotten.
	forgetDrafts();
	localStorage.setItem("docent.notes.unsaved", "[]");
	await new Promise((resolve) => setTimeout(resolve, 400));
	expect(localStorage.getItem("docent.notes.unsaved")).toBe("[]");
});

describe("a note with another name", () => {
	const rename = (host: FakeHost, draft: NoteDraft, to: string, first = () => {}) =>
		draft.rename(async (path) => {
			first();
			return host.notes.rename(path, to);
		});

	test("shows what another program wrote just before", async () => {
		const { host, draft } = opened("Varroa.md");
		host.notes.writeBehind("Varroa.md", "# Varroa\n\ntheirs");
		expect(await rename(host, draft, "Mites")).toBe(true);
		expect(draft.path).toBe("Mites.md");
		expect(draft.text).toBe("# Varroa\n\ntheirs");
		expect(draft.changedOutside).toBe(true);
	});

	test("does not overwrite it with what was typed meanwhile", async () => {
		const { host, draft } = opened("Varroa.md");
		host.notes.writeBehind("Varroa.md", "# Varroa\n\ntheirs");
		await rename(host, draft, "Mites", () => draft.type("# Varroa\n\nmine"));
		expect(await draft.flush()).toBe(true);
		expect(host.notes.read("Mites.md").text).toBe("# Varroa\n\ntheirs");
		expect(draft.conflict).toEqual({ mine: "Mites (conflict).md", theirs: "Mites.md" });
		expect(host.notes.read("Mites (conflict).md").text).toBe("# Varroa\n\nmine");
	});

	test("is saved under it also if the save was asked for meanwhile", async () => {
		const { host, draft } = opened("Varroa.md");
		let flushed: Promise<boolean> | undefined;
		await rename(host, draft, "Mites", () => {
			draft.type("# Varroa\n\nmine");
			flushed = draft.flush();
		});
		expect(await flushed).toBe(true);
		expect(paths(host)).not.toContain("Varroa.md");
		expect(host.notes.read("Mites.md").text).toBe("# Varroa\n\nmine");
	});
});

describe("a file with the line endings of Windows", () => {
	const FILE = "# Varroa\r\n\r\nFormic acid.\r\n";
	const LINES = "# Varroa\n\nFormic acid.\n";

	function openedCrlf(options: FakeOptions = {}) {
		const host = new FakeHost({ notes: true, ...options });
		setHost(host);
		host.notes.writeBehind("Varroa.md", FILE);
		return { host, draft: keepDraft(new NoteDraft(host.notes.read("Varroa.md"))) };
	}

	test("keeps them when it is saved, and is not dirty with what the field gives back", async () => {
		const { host, draft } = openedCrlf();
		expect(draft.text).toBe(LINES);
		draft.type(`${LINES}more\n`);
		expect(await draft.flush()).toBe(true);
		expect(host.notes.read("Varroa.md").text).toBe(`${FILE}more\r\n`);
		draft.type(`${LINES}more\nagain`);
		draft.type(`${LINES}more\n`);
		expect(draft.dirty).toBe(false);
		await draft.refresh();
		expect(draft.changedOutside).toBe(false);
	});

	test("gets them back after all its lines were deleted and saved", async () => {
		const { host, draft } = openedCrlf();
		draft.type("one line");
		expect(await draft.flush()).toBe(true);
		draft.type(LINES);
		expect(await draft.flush()).toBe(true);
		expect(host.notes.read("Varroa.md").text).toBe(FILE);
	});

	test("keeps them through a restart before it was saved", async () => {
		const { host, draft } = openedCrlf();
		draft.type(`${LINES}more`);
		const { path, text, version } = draft.unsaved;
		expect(await NoteDraft.recovered(path, text, version).flush()).toBe(true);
		expect(host.notes.read("Varroa.md").text).toBe(`${FILE}more`);
	});

	test("takes those of an earlier version that is restored", async () => {
		const { host, draft } = openedCrlf();
		expect(await draft.restore("# Varroa\nas it was\n")).toBe(true);
		expect(host.notes.read("Varroa.md").text).toBe("# Varroa\nas it was\n");
	});

	test("keeps the few lines of Windows in a file of other lines from deciding", async () => {
		const { host } = openedCrlf();
		host.notes.writeBehind("Varroa.md", "a\nb\nc\r\nd\n");
		const draft = keepDraft(new NoteDraft(host.notes.read("Varroa.md")));
		draft.type("a\nb\nc\nd\ne\n");
		expect(await draft.flush()).toBe(true);
		expect(host.notes.read("Varroa.md").text).toBe("a\nb\nc\nd\ne\n");
	});
});

describe("a note that cannot be saved", () => {
	afterEach(() => vi.useRealTimers());

	test("has nothing to be said of once its text is again the saved one", async () => {
		vi.useFakeTimers();
		const { host, draft } = opened("Varroa.md", { failing: { save_note: "disk_full" } });
		const before = draft.text;
		draft.type("more");
		expect(await draft.flush()).toBe(false);
		expect([draft.state, draft.error?.code]).toEqual(["failed", "disk_full"]);
		draft.type(before);
		expect([draft.state, draft.error]).toEqual(["saved", null]);
		const tries = saves(host).length;
		await vi.advanceTimersByTimeAsync(120_000);
		expect(saves(host).length).toBe(tries);
	});

	test("has nothing to be said of if the text was undone while its saving failed", async () => {
		const held = hold();
		held.at = "save_note";
		const { draft } = opened("Varroa.md", { gate: held.gate, failing: { save_note: "disk_full" } });
		const before = draft.text;
		draft.type("more");
		const flushed = draft.flush();
		draft.type(before);
		held.release();
		expect(await flushed).toBe(true);
		expect([draft.state, draft.error]).toEqual(["saved", null]);
	});

	test("is tried again ever more seldom, and at once when there is something new", async () => {
		vi.useFakeTimers();
		const failing: FakeOptions["failing"] = { save_note: "disk_full" };
		const { host, draft } = opened("Varroa.md", { failing });
		draft.type("more");
		await vi.advanceTimersByTimeAsync(700);
		const at = [];
		for (let second = 1; second <= 200; second += 1) {
			const before = saves(host).length;
			await vi.advanceTimersByTimeAsync(1000);
			if (saves(host).length > before) at.push(second);
		}
		expect(at).toEqual([5, 20, 80, 140, 200]);
		draft.type("and more");
		await vi.advanceTimersByTimeAsync(700);
		expect(saves(host).length).toBe(7);
		delete failing.save_note;
		expect(await draft.flush()).toBe(true);
		expect(draft.error).toBeNull();
	});

	/** The core writes the file and fails after that, as often as it is asked to. */
	function brokenAfterWriting(times: number): FakeHost {
		const host = new FakeHost({ notes: true });
		const call = host.call.bind(host);
		let left = times;
		host.call = async (name, req) => {
			const res = await call(name, req);
			left -= name === "save_note" ? 1 : 0;
			if (name === "save_note" && left >= 0) throw apiError("read_failed");
			return res;
		};
		setHost(host);
		return host;
	}

	test("does not leave a copy at every attempt, if its file was made all the same", async () => {
		const host = brokenAfterWriting(1);
		const draft = keepDraft(new NoteDraft(null, "# Frost"));
		expect(await draft.flush()).toBe(false);
		draft.type("# Frost in May");
		expect(await draft.flush()).toBe(true);
		expect(paths(host).filter((path) => path.startsWith("Frost"))).toEqual(["Frost.md"]);
		expect(host.notes.read("Frost.md").text).toBe("# Frost in May");
	});

	test("is not tried again by itself once its name is taken", async () => {
		vi.useFakeTimers();
		const host = new FakeHost({ notes: true, failing: { save_note: "path_taken" } });
		setHost(host);
		const draft = keepDraft(new NoteDraft(null, "# Frost"));
		expect(await draft.flush()).toBe(false);
		await vi.advanceTimersByTimeAsync(120_000);
		expect(saves(host).length).toBe(1);
		expect(draft.state).toBe("failed");
	});
});
