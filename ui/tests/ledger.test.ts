import { describe, expect, test } from "vitest";
import { page, userEvent } from "vitest/browser";
import { type FakeOptions, FOLDERS, OFFICE } from "../src/host/fake";
import { all, byId, expectAccessible, lastRequest, openWindow, TestId } from "./window";

const WITH_OFFICE = { folders: [...FOLDERS, OFFICE] };

const rows = () => all(TestId.DocumentRow);
const row = (name: string) => rows().find(({ textContent }) => textContent?.includes(name)) as HTMLElement;

async function openAssociation(): Promise<void> {
	await byId(TestId.AllDocuments).click();
	await page.getByTestId(TestId.SourceItem).filter({ hasText: "Association" }).first().click();
	await expect.poll(() => rows().length).toBeGreaterThan(5);
}

describe("the ledger", () => {
	test("says how many can be found, and counts the rest by state", async () => {
		await openWindow(WITH_OFFICE);
		await openAssociation();
		// Eight texts and a copy; two wait for a person, one is queued; two are left out on purpose.
		await expect.element(byId(TestId.Coverage)).toHaveTextContent("9 of 12 can be found");
		await expect.element(page.getByText("2 left out")).toBeVisible();
		expect(
			all(TestId.StateFilter).map(
				({ dataset, textContent }) => `${dataset.state} ${textContent?.replace(/\D/g, "")}`,
			),
		).toEqual([
			"all 14",
			"indexed 8",
			"stale 1",
			"waiting 1",
			"needs_ocr 1",
			"needs_password 1",
			"skipped 2",
		]);
		await expect.element(page.getByText("Looked through every 15 minutes")).toBeVisible();
		await expectAccessible();
	});

	test("lists behind “Waiting” what is being read as well, as it counts it", async () => {
		const host = await openWindow(WITH_OFFICE);
		await openAssociation();
		host.changeDocument("tools/mites.py", { state: "reading" });
		const chip = () => all(TestId.StateFilter).find(({ dataset }) => dataset.state === "waiting");
		await expect.poll(() => chip()?.textContent).toContain("2");
		chip()?.click();
		await expect
			.poll(() =>
				rows()
					.map(({ dataset }) => dataset.state)
					.sort(),
			)
			.toEqual(["reading", "waiting"]);
	});

	test("names each state by a sign and a word, with the reason and what to do", async () => {
		await openWindow(WITH_OFFICE);
		await openAssociation();
		for (const one of rows())
			expect(one.querySelector(".standing svg"), one.textContent ?? "").not.toBeNull();
		await page.getByText("scans/minutes-1998.pdf").click();
		const detail = byId(TestId.DocumentDetail);
		await expect.element(detail).toHaveTextContent("Pictures only");
		await expect.element(detail).toHaveTextContent("Switch on “Text in pictures” in the settings");
		await page.getByText("cloud/photos.zip").click();
		await expect.element(detail).toHaveTextContent("only in the cloud");
		await expect.element(detail).toHaveTextContent("Make it available offline");
		await expectAccessible();
	});

	test("reads one again, the picked ones, and all that failed of a source", async () => {
		const host = await openWindow(WITH_OFFICE);
		await openAssociation();
		await page.getByText("money/bank.xlsx").click();
		await byId(TestId.DocumentDetail).getByRole("button", { name: "Read again" }).click();
		await expect.poll(() => row("bank.xlsx").dataset.state).toBe("waiting");
		row("minutes-1998").focus();
		await userEvent.keyboard(" ");
		row("talk.mp4").focus();
		await userEvent.keyboard(" ");
		await expect.element(byId(TestId.Selection)).toHaveTextContent("2 selected");
		await expectAccessible();
		await byId(TestId.RetrySelected).click();
		await expect.poll(() => row("talk.mp4").dataset.state).toBe("waiting");
		expect(lastRequest(host, "retry_documents").documents.length).toBe(2);
		await expect.poll(() => all(TestId.Selection).length).toBe(0);
		host.changeDocument("tools/mites.py", { state: "failed", reason: "damaged_file" });
		await byId(TestId.RetryFailed).click();
		expect(lastRequest(host, "retry_failed").source).not.toBeNull();
		await expect.poll(() => row("mites.py").dataset.state).toBe("waiting");
	});

	test("forgets after asking, says what stays, and the rules bring it back", async () => {
		const host = await openWindow(WITH_OFFICE);
		await openAssociation();
		row("Budget 2025").focus();
		await userEvent.keyboard("{Delete}");
		await expect.element(byId(TestId.Confirm)).toHaveTextContent("The original file is not touched.");
		await byId(TestId.ConfirmYes).click();
		await expect
			.element(byId(TestId.Forgotten))
			.toHaveTextContent("The original file stays: /home/ada/Documents/Association/money/budget-2025.xlsx");
		await expect.poll(() => row("Budget 2025")).toBeUndefined();
		await expectAccessible();
		await byId(TestId.LedgerMore).click();
		await byId(TestId.RulesOpen).click();
		await expect.element(byId(TestId.Rules)).toHaveTextContent("money/budget-2025.xlsx");
		await page.getByRole("button", { name: "Cancel" }).click();
		await byId(TestId.ForgottenUndo).click();
		await expect.poll(() => row("Budget 2025")?.dataset.state).toBe("waiting");
		expect(lastRequest(host, "set_source_rules").rules.forgotten).toEqual([]);
	});

	test("names what else still holds a text that was forgotten", async () => {
		const aside = "/home/ada/.local/share/docent/before-restore-1795305599999";
		await openWindow({ ...WITH_OFFICE, putAside: [aside] });
		await openAssociation();
		row("agreement (copy)").focus();
		await userEvent.keyboard("{Delete}");
		await byId(TestId.ConfirmYes).click();
		const notice = expect.element(byId(TestId.Forgotten));
		await notice.toHaveTextContent("found all the same: /home/ada/Documents/Association/well/agreement.docx");
		await expect
			.element(byId(TestId.Forgotten))
			.toHaveTextContent(`put aside earlier may still hold it, until you delete its folder: ${aside}`);
		await expectAccessible();
	});

	test("tells pictures that were looked through from those that nothing could read", async () => {
		const host = await openWindow(WITH_OFFICE);
		await openAssociation();
		host.changeDocument("cards/hive-7.jpg", { state: "needs_ocr", reason: "nothing_recognized" });
		await expect.poll(() => row("hive-7.jpg").textContent).toContain("No text found");
		expect(row("hive-7.jpg").textContent).toContain("Recognition found no text in it.");
		expect(row("minutes-1998").textContent).toContain("Pictures only");
		row("hive-7.jpg").focus();
		await userEvent.keyboard("{Enter}");
		await byId(TestId.ViewerAbout).click();
		const detail = expect.element(byId(TestId.DocumentDetail));
		await detail.toHaveTextContent("If its pictures hold none, there is nothing to do.");
		await expectAccessible();
	});

	test("keeps the way back from forgetting if going it failed", async () => {
		const failing: FakeOptions["failing"] = {};
		await openWindow({ ...WITH_OFFICE, failing });
		await openAssociation();
		row("Budget 2025").focus();
		await userEvent.keyboard("{Delete}");
		await byId(TestId.ConfirmYes).click();
		failing.set_source_rules = "disk_full";
		await byId(TestId.ForgottenUndo).click();
		await expect.element(byId(TestId.Failure)).toHaveTextContent("The disk is full.");
		delete failing.set_source_rules;
		await byId(TestId.ForgottenUndo).click();
		await expect.poll(() => row("Budget 2025")?.dataset.state).toBe("waiting");
		expect(all(TestId.Forgotten).length).toBe(0);
	});

	test("is written as CSV where the person says", async () => {
		const host = await openWindow({ ...WITH_OFFICE, savePick: "/home/ada/list.csv" });
		await openAssociation();
		await byId(TestId.LedgerMore).click();
		await byId(TestId.ExportLedger).click();
		await expect.element(page.getByText("14 lines written")).toBeVisible();
		expect(lastRequest(host, "export_ledger").path).toBe("/home/ada/list.csv");
	});

	test("knows copies, parts that failed, and what documents say of themselves", async () => {
		await openWindow(WITH_OFFICE);
		await openAssociation();
		await page.getByText("well/agreement (copy).docx").click();
		await expect
			.element(byId(TestId.DocumentDetail))
			.toHaveTextContent("Same content as “Agreement on the shared well”, through which it is found");
		await page.getByRole("button", { name: "Show that document" }).click();
		await expect.element(byId(TestId.DocumentDetail)).toHaveTextContent("Changed");
		await page.getByText("archive/2024.zip").click();
		await expect.element(byId(TestId.Viewer)).toBeVisible();
		await byId(TestId.ViewerAbout).click();
		await expect
			.element(byId(TestId.DocumentDetail))
			.toHaveTextContent("letters/old.doc: the file is damaged");
		await page.getByText("money/budget-2025.xlsx").click();
		await byId(TestId.ViewerAbout).click();
		const detail = byId(TestId.DocumentDetail);
		for (const said of ["Jun Li", "January 12, 2025", "English", "money, plans/2025", "Bees"])
			await expect.element(detail).toHaveTextContent(said);
		await expectAccessible();
	});

	test("shows a document as it is now, however many others have its name in their path", async () => {
		const waiting = (path: string) => ({ path, state: "waiting" as const, reason: null, size: 1 });
		const others = [
			...Array.from({ length: 150 }, (_, index) => waiting(`${index}/index.md`)),
			waiting("index.md"),
		];
		const host = await openWindow({
			folders: [{ path: "/big", name: "big", collection: null, texts: [], others }],
		});
		await byId(TestId.AllDocuments).click();
		await expect.poll(() => rows().length).toBeGreaterThan(5);
		rows()[0]?.focus();
		await userEvent.keyboard("{End}");
		await expect.poll(() => rows().at(-1)?.textContent).toContain("index.md");
		rows().at(-1)?.click();
		const detail = byId(TestId.DocumentDetail);
		await expect.element(detail).toHaveTextContent("Waiting");
		host.changeDocument("index.md", { state: "needs_password", reason: "password_needed" });
		await expect.element(detail).toHaveTextContent("Password");
	});

	test("of a hundred thousand files draws a few dozen rows and asks for a few pages", async () => {
		const others = Array.from({ length: 100_000 }, (_, index) => ({
			path: `file-${index}.bin`, state: "skipped" as const, reason: "unsupported_file" as const, size: index,
		})); // biome-ignore format: fields in one line
		const host = await openWindow({
			folders: [{ path: "/big", name: "big", collection: null, texts: [], others }],
		});
		await byId(TestId.AllDocuments).click();
		await expect.element(page.getByText("file-0.bin").first()).toBeVisible();
		rows()[0]?.focus();
		await userEvent.keyboard("{End}");
		await expect.element(page.getByText("file-99999.bin").first()).toBeVisible();
		expect(rows().length).toBeLessThan(60);
		expect(host.calls.filter(({ name }) => name === "list_documents").length).toBeLessThan(12);
	});
});
