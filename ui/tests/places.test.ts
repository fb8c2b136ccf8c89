import { expect, test } from "vitest";
import { page } from "vitest/browser";
import { FOLDERS, OFFICE } from "../src/host/fake";
import { all, byId, expectAccessible, openWindow, TestId } from "./window";

const WITH_OFFICE = { folders: [...FOLDERS, OFFICE] };

/** What is searched for, what stands beside the passage, and what heads its place in the document. */
const PLACES: [query: string, place: string, section: string | null][] = [
	["planned spent jars", "Sheet “Budget”, A1:D5", "Sheet “Budget”, A1:D5"],
	["warm frames extracting", "Slide 2", "Slide 2"],
	["audience extractor association", "Slide 2, speaker’s notes", "Slide 2, speaker’s notes"],
	["relief boat spring", "Chapter 2: The letter", "Chapter 2: The letter"],
	["agreement six weeks quarter", "Paragraph 12, about page 3", null],
	["extractor loose bearing", "Message 3, part 1", "Message 3, part 1"],
	["association 41 members", "in report.pdf inside 2024.zip", "in report.pdf inside 2024.zip"],
];

for (const [query, place, section] of PLACES) {
	test(`a passage says that it stands at: ${place}`, async () => {
		await openWindow(WITH_OFFICE);
		await byId(TestId.AskInput).fill(query);
		await expect.element(page.getByTestId(TestId.ResultItem).first()).toHaveTextContent(place);
		await page.getByTestId(TestId.ResultItem).first().click();
		await expect.element(byId(TestId.ViewerPlace)).toHaveTextContent(place);
		if (section === null) return;
		await expect
			.poll(() => all(TestId.ViewerSection).map(({ textContent }) => textContent))
			.toContain(section);
	});
}

test("they are said in Chinese too", async () => {
	await openWindow({ ...WITH_OFFICE, settings: { language: "zh-CN" } });
	await byId(TestId.AskInput).fill("association 41 members");
	await page.getByTestId(TestId.ResultItem).first().click();
	await expect.element(byId(TestId.ViewerPlace)).toHaveTextContent("2024.zip 内的 report.pdf");
	await byId(TestId.AskInput).fill("planned spent jars");
	await expect
		.element(page.getByTestId(TestId.ResultItem).first())
		.toHaveTextContent("工作表“Budget”，A1:D5");
});

test("sheets are tables, programs are code, and pictures have pages", async () => {
	await openWindow(WITH_OFFICE);
	await byId(TestId.AllDocuments).click();
	await page.getByText("money/budget-2025.xlsx").click();
	await expect.poll(() => all(TestId.Viewer)[0]?.querySelectorAll("td").length).toBe(4 * 4 + 3 * 2);
	await page.getByText("tools/mites.py").click();
	await expect
		.poll(() => all(TestId.Viewer)[0]?.querySelector("pre")?.textContent)
		.toContain("    return fallen / days");
	await page.getByText("cards/hive-7.jpg").click();
	await expect.element(page.getByAltText("Picture of page 1")).toBeVisible();
	await byId(TestId.ViewerTextTab).click();
	await expect.element(byId(TestId.Viewer)).toHaveTextContent("queen seen, weight 31 kilograms");
	await expectAccessible();
});
