import { describe, expect, test } from "vitest";
import { page, userEvent } from "vitest/browser";
import { FOLDERS } from "../src/host/fake";
import { all, byId, expectAccessible, hold, lastRequest, openWindow, TestId } from "./window";

const press = (keys: string) => userEvent.keyboard(keys);
const source = (nth: number) => page.getByTestId(TestId.SourceItem).nth(nth);

describe("what of a source is read", () => {
	test("is said in a dialog: patterns, size, kinds", async () => {
		const host = await openWindow();
		await source(0).click({ button: "right" });
		await page.getByRole("menuitem", { name: "What is read…" }).click();
		await expect.element(byId(TestId.Rules)).toBeVisible();
		await expectAccessible();
		await page.getByRole("textbox", { name: "Left out" }).fill("manuals/\n\n*.jpg");
		await page.getByRole("switch", { name: "Read hidden files" }).click();
		await page.getByRole("textbox", { name: "Largest file" }).fill("0.4");
		await page.getByRole("textbox", { name: "Only these kinds" }).fill("PDF .docx");
		await byId(TestId.RulesSave).click();
		await expect.poll(() => all(TestId.Rules).length).toBe(0);
		expect(lastRequest(host, "set_source_rules").rules).toEqual({
			ignore: ["manuals/", "*.jpg"], gitignore: true, hidden: true, max_bytes: 400_000, only: ["pdf", "docx"], forgotten: [],
		}); // biome-ignore format: fields in one line
		await source(0).click();
		await expect.element(page.getByText("larger than this folder’s rules allow").first()).toBeVisible();
		expect(all(TestId.DocumentRow).some(({ textContent }) => textContent?.includes("manuals/"))).toBe(false);
	});

	test("takes no wrong size for no limit", async () => {
		const host = await openWindow();
		await source(0).click({ button: "right" });
		await page.getByRole("menuitem", { name: "What is read…" }).click();
		const size = page.getByRole("textbox", { name: "Largest file" });
		await size.fill("two");
		await byId(TestId.RulesSave).click();
		await expect.element(size).toHaveFocus();
		await expect.element(byId(TestId.Rules)).toHaveTextContent("This is not a size.");
		await expectAccessible();
		expect(host.calls.some(({ name }) => name === "set_source_rules")).toBe(false);
		await size.fill("2 MB");
		await byId(TestId.RulesSave).click();
		await expect.poll(() => all(TestId.Rules).length).toBe(0);
		expect(lastRequest(host, "set_source_rules").rules.max_bytes).toBe(2_000_000);
	});

	test("a refusal keeps the dialog and what was written in it, and is said in it", async () => {
		await openWindow({ failing: { set_source_rules: "disk_full" } });
		await source(0).click({ button: "right" });
		await page.getByRole("menuitem", { name: "What is read…" }).click();
		await page.getByRole("textbox", { name: "Left out" }).fill("old/");
		await byId(TestId.RulesSave).click();
		await expect.element(byId(TestId.Rules)).toHaveTextContent("The disk is full.");
		expect(all(TestId.Failure).length).toBe(1);
		await expect.element(page.getByRole("textbox", { name: "Left out" })).toHaveValue("old/");
		await expectAccessible();
	});

	test("a drive that is away is said plainly, and what was read from it stays", async () => {
		const [house] = FOLDERS;
		if (!house) throw new Error("no folder");
		await openWindow({ folders: [{ ...house, reachable: false }] });
		await source(0).click();
		await expect.element(page.getByText("This folder cannot be reached now.")).toBeVisible();
		await expect.element(page.getByText("What was read from it can still be found.")).toBeVisible();
		await expectAccessible();
	});

	test("what could not be looked at is listed with the reason", async () => {
		const [house] = FOLDERS;
		if (!house) throw new Error("no folder");
		const unreadable = [{ path: "locked", reason: "no permission" }];
		await openWindow({ folders: [{ ...house, unreadable }] });
		await source(0).click();
		await byId(TestId.Unreadable).getByText("1 place could not be looked at").click();
		await expect.element(byId(TestId.Unreadable)).toHaveTextContent("locked: no permission");
		await expectAccessible();
	});
});

describe("collections", () => {
	test("that are deleted while their documents are listed leave the list of all", async () => {
		await openWindow();
		await page.getByTestId(TestId.CollectionItem).filter({ hasText: "Home" }).click();
		await expect.element(page.getByRole("heading", { name: "Home" })).toBeVisible();
		await page.getByTestId(TestId.CollectionItem).filter({ hasText: "Home" }).click({ button: "right" });
		await page.getByRole("menuitem", { name: "Delete collection…" }).click();
		await byId(TestId.ConfirmYes).click();
		await expect.element(page.getByRole("heading", { name: "All documents" })).toBeVisible();
		await expect.poll(() => all(TestId.DocumentRow).length).toBeGreaterThan(5);
	});

	test("hold a source in several, and narrow the list and the question", async () => {
		const host = await openWindow();
		await source(1).click({ button: "right" });
		await page.getByRole("menuitem", { name: "New collection…" }).click();
		await page.getByRole("textbox", { name: "Name of the collection" }).fill("Garden");
		await press("{Enter}");
		await expect.poll(() => all(TestId.CollectionItem).length).toBe(2);
		// "Notes" is in Garden now; it goes into Home as well.
		await page.getByTestId(TestId.SourceItem).filter({ hasText: "Notes" }).first().click({ button: "right" });
		await page.getByRole("menuitemcheckbox", { name: "Home" }).click();
		await expect
			.poll(() => all(TestId.SourceItem).filter(({ textContent }) => textContent?.includes("Notes")).length)
			.toBe(2);
		await page.getByTestId(TestId.CollectionItem).filter({ hasText: "Garden" }).click();
		await expect.element(page.getByRole("heading", { name: "Garden" })).toBeVisible();
		await expect.poll(() => all(TestId.DocumentRow).length).toBe(5);
		await expectAccessible();
		await page.getByRole("button", { name: "Ask about these" }).click();
		await expect.element(byId(TestId.ScopeButton)).toHaveTextContent("Garden");
		await byId(TestId.AskInput).fill("rent");
		await expect.poll(() => host.calls.some(({ name }) => name === "search")).toBe(true);
		expect(lastRequest(host, "search").scope.collection).not.toBeNull();
	});

	test("take single documents, from the keyboard too, and give them back", async () => {
		const host = await openWindow();
		await byId(TestId.AllDocuments).click();
		await expect.poll(() => all(TestId.DocumentRow).length).toBe(13);
		const bees = all(TestId.DocumentRow).find(({ textContent }) => textContent?.includes("bees"));
		bees?.focus();
		await press(" ");
		await page.getByRole("button", { name: "Collections…" }).click();
		await page.getByRole("menuitemcheckbox", { name: "Home" }).click();
		await expect.element(page.getByText("1 document put into “Home”")).toBeVisible();
		await byId(TestId.CollectionFilter).click();
		await page.getByRole("menuitemradio", { name: "Home" }).click();
		await expect
			.poll(() => all(TestId.DocumentRow).some(({ textContent }) => textContent?.includes("bees")))
			.toBe(true);
		await expect.element(page.getByText("1 single document")).toBeVisible();
		await page.getByRole("button", { name: "Collections…" }).click();
		await expect
			.element(page.getByRole("menuitemcheckbox", { name: "Home" }))
			.toHaveAttribute("aria-checked", "true");
		await expectAccessible();
		await page.getByRole("menuitemcheckbox", { name: "Home" }).click();
		await expect.poll(() => host.calls.some(({ name }) => name === "remove_from_collection")).toBe(true);
	});
});

describe("progress", () => {
	const RUN = {
		phase: "reading", file: "books/atlas.pdf", page: 212, pages: 840, done: 3, read: 1264, total: 4820, failed: 0,
		started_ms: Date.now() - 240_000, rate: 0.5, seconds_left: 680,
	} as const; // biome-ignore format: fields in one line

	test("names the file, its page, the rate and the time left; slow is per minute", async () => {
		const host = await openWindow({ indexing: RUN });
		const status = byId(TestId.IndexingStatus);
		for (const said of [
			"books/atlas.pdf",
			"page 212 of 840",
			"1,264 of 4,820",
			"30 files/min",
			"11 min left",
		])
			await expect.element(status).toHaveTextContent(said);
		host.setIndexing({ rate: 5.24, page: null, pages: null });
		await expect.element(status).toHaveTextContent("5.2 files/s");
		expect(all(TestId.IndexingStatus)[0]?.textContent).not.toContain("page");
		await expectAccessible();
	});

	test("can be stopped", async () => {
		const host = await openWindow({ indexing: RUN });
		await byId(TestId.IndexingStop).click();
		await expect.element(byId(TestId.IndexingStatus)).toHaveTextContent("7 of 11 can be found");
		expect(host.calls.some(({ name }) => name === "stop_indexing")).toBe(true);
	});

	test("is over when the core says so, also if the answer to a pause or a stop comes after that", async () => {
		const held = hold();
		const host = await openWindow({ indexing: RUN });
		const call = host.call.bind(host);
		let answers = 0;
		host.call = async (name, req) => {
			const res = await call(name, req);
			if (name !== "stop_indexing" && name !== "pause_indexing") return res;
			await held.gate(name);
			answers += 1;
			return res;
		};
		const phase = () => all(TestId.IndexingStatus)[0]?.dataset.phase;
		for (const [button, step] of [
			[TestId.IndexingPause, "pause_indexing"],
			[TestId.IndexingStop, "stop_indexing"],
		] as const) {
			host.setIndexing({ ...RUN, phase: "reading" });
			await expect.poll(phase).toBe("reading");
			held.at = step;
			const before = answers;
			await byId(button).click();
			await expect.poll(phase).toBe("idle");
			held.release();
			await expect.poll(() => answers).toBe(before + 1);
			expect(phase(), step).toBe("idle");
			host.setIndexing({ paused: false });
		}
	});

	test("that an error ended just as it was paused can be resumed beside the error", async () => {
		const host = await openWindow();
		host.setIndexing({
			phase: "idle", paused: true, error: { code: "disk_full", message: "no space", subject: null },
		}); // biome-ignore format: fields in one line
		await expect.element(byId(TestId.IndexingStatus)).toHaveTextContent("The disk is full.");
		await expectAccessible();
		await byId(TestId.IndexingPause).click();
		expect(lastRequest(host, "pause_indexing").paused).toBe(false);
	});

	test("of another model's index is shown, may be given up, and says why it stopped", async () => {
		const host = await openWindow();
		host.setRebuild({ model: "multilingual-e5-small", done: 120, total: 480, error: null });
		await expect.element(byId(TestId.Rebuild)).toHaveTextContent("120 of 480");
		await expect
			.element(byId(TestId.Rebuild))
			.toHaveTextContent("The index in use answers until the new one is whole.");
		await expectAccessible();
		host.setRebuild({
			model: "multilingual-e5-small", done: 200, total: 480,
			error: { code: "disk_full", message: "no space", subject: null },
		}); // biome-ignore format: fields in one line
		await expect.element(byId(TestId.Rebuild)).toHaveTextContent("The disk is full.");
		await byId(TestId.RebuildCancel).click();
		await byId(TestId.ConfirmYes).click();
		await expect.poll(() => all(TestId.Rebuild).length).toBe(0);
	});
});
