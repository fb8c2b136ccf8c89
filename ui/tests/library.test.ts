import { describe, expect, test } from "vitest";
import { page, userEvent } from "vitest/browser";
import type { FakeFolder } from "../src/host/fake/texts";
import { all, byId, expectAccessible, openWindow, TestId } from "./window";

describe("an empty library", () => {
	test("says what docent does and how to begin, and offers models with their size and licence", async () => {
		await openWindow({ folders: [], models: false });
		await expect.element(byId(TestId.Welcome)).toHaveTextContent("Ask your own documents");
		await expect.element(byId(TestId.AddFolder)).toBeVisible();
		await expect
			.element(byId(TestId.MissingModels))
			.toHaveTextContent("all-MiniLM-L6-v2 Finding by meaning · 91 MB · Apache-2.0");
		await expect.element(byId(TestId.ModelFetch)).toHaveTextContent("Get both · 190 MB");
		await expectAccessible();
	});

	test("the sample is one press away", async () => {
		const host = await openWindow({ folders: [] });
		await byId(TestId.AddSample).click();
		await expect
			.poll(() => all(TestId.SourceItem).map(({ textContent }) => textContent))
			.toEqual([expect.stringContaining("sample")]);
		await expect.element(byId(TestId.AskInput)).toHaveFocus();
		expect(host.calls.some(({ name }) => name === "add_sample")).toBe(true);
	});

	test("a folder is added through the dialog", async () => {
		const host = await openWindow({ folders: [], picks: ["/home/ada/Notes"] });
		await byId(TestId.AddFolder).click();
		await expect.poll(() => all(TestId.SourceItem).length).toBe(1);
		expect(host.calls.find(({ name }) => name === "add_sources")?.req).toEqual({
			paths: ["/home/ada/Notes"],
			collection: null,
		});
	});
});

describe("adding", () => {
	test("files dragged over the window are shown a place to fall, and are added", async () => {
		const host = await openWindow({ folders: [] });
		await expect.element(byId(TestId.Welcome)).toBeVisible();
		host.drop({ kind: "enter", paths: ["/home/ada/Notes"] });
		await expect.element(byId(TestId.DropOverlay)).toBeVisible();
		await expectAccessible();
		host.drop({ kind: "leave" });
		await expect.poll(() => all(TestId.DropOverlay).length).toBe(0);
		host.drop({ kind: "drop", paths: ["/home/ada/Notes"] });
		await expect.poll(() => all(TestId.SourceItem).length).toBe(1);
	});

	test("what is refused is named with the reason and stays until it is dismissed; the rest is added", async () => {
		const host = await openWindow({ folders: [] });
		await expect.element(byId(TestId.Welcome)).toBeVisible();
		host.drop({ kind: "drop", paths: ["/gone", "/home/ada/Notes", "/also gone"] });
		await expect.element(byId(TestId.Failure)).toHaveTextContent("2 paths were not added");
		await expect.element(byId(TestId.Failure)).toHaveTextContent("/also gone");
		await expect.element(byId(TestId.Failure)).toHaveTextContent("There is nothing at this path.");
		await expect.poll(() => all(TestId.SourceItem).length).toBe(1);
		await expectAccessible();
		await byId(TestId.FailureDismiss).click();
		await expect.poll(() => all(TestId.Failure).length).toBe(0);
	});

	test("a path can be written, without any dialog", async () => {
		await openWindow({ folders: [] });
		await userEvent.keyboard("{Control>}k{/Control}");
		await byId(TestId.PaletteInput).fill("add path");
		await userEvent.keyboard("{Enter}");
		await byId(TestId.AddPathInput).fill("/media/ada/研究资料");
		await expectAccessible();
		await byId(TestId.AddPathSubmit).click();
		await expect
			.poll(() => all(TestId.SourceItem).map(({ textContent }) => textContent))
			.toEqual([expect.stringContaining("研究资料")]);
	});
});

describe("sources and collections", () => {
	test("are listed with what became of their files", async () => {
		await openWindow();
		await expect.poll(() => all(TestId.SourceItem).length).toBe(3);
		const [house] = all(TestId.SourceItem);
		expect(house?.textContent).toContain("House");
		expect(house?.textContent).toContain("3 files could not be read");
		await expect.element(byId(TestId.CollectionItem)).toHaveAttribute("aria-expanded", "true");
		all(TestId.CollectionItem)[0]?.querySelector<HTMLElement>("[data-arrow] > svg")?.parentElement?.click();
		await expect.poll(() => all(TestId.SourceItem).length).toBe(2);
	});

	test("can be moved, asked about, rescanned and removed from their menu", async () => {
		const host = await openWindow();
		await expect.poll(() => all(TestId.SourceItem).length).toBe(3);
		await page.getByTestId(TestId.SourceItem).nth(1).click({ button: "right" });
		await expectAccessible();
		await page.getByRole("menuitemcheckbox", { name: "Home" }).click();
		await expect.poll(() => host.calls.some(({ name }) => name === "add_to_collection")).toBe(true);
		await page.getByTestId(TestId.SourceItem).nth(1).click({ button: "right" });
		await page.getByRole("menuitem", { name: "Look for changes" }).click();
		await expect.poll(() => host.calls.some(({ name }) => name === "rescan")).toBe(true);
		await page.getByTestId(TestId.SourceItem).nth(1).click({ button: "right" });
		await page.getByRole("menuitem", { name: "Remove from library…" }).click();
		await expect
			.element(byId(TestId.Confirm))
			.toHaveTextContent("The files themselves stay where they are, untouched.");
		await expectAccessible();
		await byId(TestId.ConfirmYes).click();
		await expect.poll(() => all(TestId.SourceItem).length).toBe(2);
	});

	test("a collection is made and renamed", async () => {
		await openWindow();
		await byId(TestId.AddMenu).click();
		await byId(TestId.NewCollection).click();
		await page.getByRole("textbox", { name: "Name of the collection" }).fill("Garden");
		await userEvent.keyboard("{Enter}");
		await expect.element(page.getByTestId(TestId.CollectionItem).first()).toHaveTextContent("Garden");
		await page.getByTestId(TestId.CollectionItem).first().click({ button: "right" });
		await page.getByRole("menuitem", { name: "Rename…" }).click();
		await page.getByRole("textbox", { name: "Name of the collection" }).fill("Allotment");
		await byId(TestId.ConfirmYes).click();
		await expect.element(page.getByTestId(TestId.CollectionItem).first()).toHaveTextContent("Allotment");
	});
});

describe("indexing", () => {
	const RUN = {
		phase: "embedding", file: "contracts/lease.pdf", done: 1264, read: 4820, total: 4820, failed: 3,
		chunks: 31_200, chunks_total: 118_640,
		started_ms: Date.now() - 240_000, seconds_left: 680,
	} as const; // biome-ignore format: fields in one line

	test("shows file, progress and time left; asking goes on", async () => {
		await openWindow({ indexing: RUN });
		const status = byId(TestId.IndexingStatus);
		await expect.element(status).toHaveTextContent("Understanding");
		await expect.element(status).toHaveTextContent("31,200 of 118,640 passages");
		await expect.element(status).toHaveTextContent("What was read is found by its words already");
		await expect.element(status).toHaveTextContent("11 min left");
		await byId(TestId.AskInput).fill("deposit");
		await expect.element(byId(TestId.SearchTime)).toBeVisible();
		await expectAccessible();
	});

	test("follows what the core tells, pauses and goes on", async () => {
		const host = await openWindow({ indexing: RUN });
		await byId(TestId.IndexingPause).click();
		await expect.element(byId(TestId.IndexingStatus)).toHaveTextContent("Paused");
		await expect.element(byId(TestId.IndexingStatus)).toHaveTextContent("1,264 of 4,820");
		// It is still where the focus is, and there is no run left to stop.
		await expect.element(byId(TestId.IndexingPause)).toHaveFocus();
		expect(all(TestId.IndexingStop).length).toBe(0);
		await byId(TestId.IndexingPause).click();
		await expect.element(byId(TestId.IndexingStatus)).toHaveTextContent("Looking for files");
		host.setIndexing({ phase: "reading", read: 4000 });
		await expect.element(byId(TestId.IndexingStatus)).toHaveTextContent("4,000 of 4,820");
		await expect.element(byId(TestId.IndexingStatus)).toHaveTextContent("contracts/lease.pdf");
		host.setIndexing({ phase: "idle", file: null, done: 4820 });
		await expect.element(byId(TestId.IndexingStatus)).toHaveTextContent("7 of 11 can be found");
	});

	test("an index that is checked first says how far it is, and can be left for later", async () => {
		const host = await openWindow({
			indexing: { phase: "comparing", file: null, done: 3, read: 0, total: 40, chunks: 0, chunks_total: 0 },
		});
		const status = byId(TestId.IndexingStatus);
		await expect.element(status).toHaveTextContent("Checking the index");
		await expect.element(status).toHaveTextContent("8%");
		// No file is read meanwhile, and what can be searched is what could be before.
		await expect.element(page.getByText("Reading 0 of 40")).not.toBeInTheDocument();
		await expect.element(page.getByText("7 documents searchable")).toBeVisible();
		await byId(TestId.IndexingStop).click();
		await expect.poll(() => host.calls.some(({ name }) => name === "stop_indexing")).toBe(true);
	});

	test("an end before the end says why and what to do", async () => {
		await openWindow({ indexing: { error: { code: "disk_full", message: "no space left", subject: null } } });
		await expect.element(byId(TestId.IndexingStatus)).toHaveTextContent("Indexing stopped");
		await expect.element(byId(TestId.IndexingStatus)).toHaveTextContent("Free some space, then try again.");
		await expectAccessible();
	});

	test("its failures lead to the list of those files", async () => {
		await openWindow();
		const links = page.getByTestId(TestId.IndexingFailures);
		const states = () => all(TestId.DocumentRow).map(({ dataset }) => dataset.state);
		await links.filter({ hasText: "2 files could not be read" }).click();
		await expect.poll(states).toEqual(["failed", "failed"]);
		await links.filter({ hasText: "1 file holds only pictures" }).click();
		await expect.poll(states).toEqual(["needs_ocr"]);
		await links.filter({ hasText: "1 file needs a password" }).click();
		await expect.poll(states).toEqual(["needs_password"]);
	});
});

describe("the list of documents", () => {
	test("says for each file where it stands and why", async () => {
		await openWindow();
		await byId(TestId.AllDocuments).click();
		await expect.element(byId(TestId.Coverage)).toHaveTextContent("7 of 11 can be found");
		await page
			.getByTestId(TestId.StateFilter)
			.and(page.getByRole("button", { name: "Could not be read 2" }))
			.click();
		await expect.poll(() => all(TestId.DocumentRow).length).toBe(2);
		await expect
			.element(page.getByText("The file is empty. It is read as soon as it has content."))
			.toBeVisible();
		await expectAccessible();
		await page.getByTestId(TestId.DocumentRow).first().click();
		await expect.element(byId(TestId.DocumentDetail)).toHaveTextContent("The file is damaged.");
		await expect.element(byId(TestId.DocumentDetail)).toHaveTextContent("Open it in its own program");
		await expectAccessible();
	});

	test("is narrowed by name, and says when nothing is left", async () => {
		await openWindow();
		await byId(TestId.AllDocuments).click();
		await byId(TestId.DocumentFilter).fill("温室");
		await expect.poll(() => all(TestId.DocumentRow).length).toBe(1);
		await byId(TestId.DocumentFilter).fill("no such file");
		await expect.element(page.getByText("No document matches this filter.")).toBeVisible();
		await page.getByRole("button", { name: "Clear filter" }).click();
		await expect.poll(() => all(TestId.DocumentRow).length).toBeGreaterThan(8);
	});

	test("retries what failed", async () => {
		await openWindow();
		await byId(TestId.AllDocuments).click();
		await byId(TestId.RetryFailed).click();
		await expect.element(page.getByText("4 files will be read again")).toBeVisible();
		await expect
			.poll(() => all(TestId.DocumentRow).filter(({ dataset }) => dataset.state === "waiting").length)
			.toBe(4);
	});

	test("a readable document opens beside the list", async () => {
		await openWindow();
		await page.getByTestId(TestId.SourceItem).nth(1).click();
		await page.getByText("garden/bees-second-year.md").click();
		await expect.element(byId(TestId.Viewer)).toHaveTextContent("Treat against varroa in late July");
		await expectAccessible();
	});

	test("ten thousand files are a few dozen rows, fetched as they come into view", async () => {
		const many: FakeFolder = {
			path: "/big", name: "big", collection: null, texts: [],
			others: Array.from({ length: 10_000 }, (_, index) => ({
				path: `file-${index}.bin`, state: "skipped" as const, reason: "unsupported_file" as const, size: index,
			})),
		}; // biome-ignore format: fields in one line
		const host = await openWindow({ folders: [many] });
		await byId(TestId.AllDocuments).click();
		await expect.element(page.getByText("file-0.bin").first()).toBeVisible();
		expect(all(TestId.DocumentRow).length).toBeLessThan(60);
		(all(TestId.DocumentRow)[0] as HTMLElement).focus();
		await userEvent.keyboard("{End}");
		await expect.element(page.getByText("file-9999.bin").first()).toBeVisible();
		await expect.poll(() => (document.activeElement as HTMLElement).dataset.row).toBe("9999");
		const pages = host.calls.filter(({ name }) => name === "list_documents").length;
		expect(pages).toBeLessThan(12);
		await expectAccessible();
	});
});
