import { describe, expect, test } from "vitest";
import { page, userEvent } from "vitest/browser";
import { all, answered, byId, expectAccessible, lastRequest, openWindow, QUESTIONS, TestId } from "./window";

/** What is marked in the text, as text. */
const marked = () =>
	all(TestId.ViewerHighlight)
		.map((mark) => mark.textContent)
		.join("");

/** Whether the element lies within what its scroller shows. */
function inView(element: HTMLElement | undefined): boolean {
	const box = element?.getBoundingClientRect();
	const frame = all(TestId.ViewerScroll)[0]?.getBoundingClientRect();
	return box !== undefined && frame !== undefined && box.top >= frame.top && box.bottom <= frame.bottom;
}

describe("the viewer", () => {
	test("a citation opens its document with exactly the cited sentence marked and in view", async () => {
		await openWindow();
		await answered(QUESTIONS.bees);
		await page.getByTestId(TestId.Citation).nth(1).click();
		await expect
			.element(byId(TestId.ViewerTitle))
			.toHaveTextContent("Keeping bees: notes of the second year");
		await expect.element(byId(TestId.ViewerPlace)).toHaveTextContent("Varroa treatment · Line 4");
		await expect
			.poll(marked)
			.toBe("With formic acid the hive must stay between 12 and 25 degrees for ten days.");
		await expect.poll(() => inView(all(TestId.ViewerHighlight)[0])).toBe(true);
		await expectAccessible();
	});

	test("byte offsets of Chinese text mark whole characters", async () => {
		await openWindow();
		await answered(QUESTIONS.chinese);
		await page.getByTestId(TestId.Citation).first().click();
		await byId(TestId.ViewerTextTab).click();
		await expect.poll(marked).toBe("夜间覆盖草帘可使室内温度比室外高八到十度。");
	});

	test("a page is a picture with rectangles where the sentence stands", async () => {
		await openWindow();
		await answered(QUESTIONS.lease);
		await page.getByTestId(TestId.Citation).nth(1).click();
		await expect.element(page.getByAltText("Picture of page 3")).toBeVisible();
		const picture = page.getByAltText("Picture of page 3").element() as HTMLImageElement;
		await expect.poll(() => picture.naturalWidth).toBeGreaterThan(300);
		await expect.poll(() => all(TestId.ViewerHighlight).length).toBe(1);
		const [rect] = all(TestId.ViewerHighlight);
		expect(inView(rect)).toBe(true);
		expect(await inkUnder(picture, rect)).toBeGreaterThan(0.02);
		await expectAccessible();
	});

	/** The share of pixels that are not paper under a rectangle: there is text where the highlight is. */
	async function inkUnder(picture: HTMLImageElement, rect: HTMLElement | undefined): Promise<number> {
		const [whole, part] = [picture.getBoundingClientRect(), rect?.getBoundingClientRect() ?? new DOMRect()];
		const scale = picture.naturalWidth / whole.width;
		const canvas = new OffscreenCanvas(Math.ceil(part.width * scale), Math.ceil(part.height * scale));
		const context = canvas.getContext("2d");
		if (!context) return 0;
		context.drawImage(picture, (whole.left - part.left) * scale, (whole.top - part.top) * scale);
		const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
		let dark = 0;
		for (let at = 0; at < data.length; at += 4) if ((data[at] ?? 255) < 200) dark += 1;
		return dark / (data.length / 4);
	}

	test("pages are turned and enlarged, also from the keyboard", async () => {
		await openWindow();
		await answered(QUESTIONS.lease);
		await page.getByTestId(TestId.Citation).first().click();
		const field = page.getByRole("textbox", { name: "Page number" });
		await expect.element(field).toHaveValue("3");
		await page.getByRole("button", { name: "Previous page" }).click();
		await expect.element(field).toHaveValue("2");
		(all(TestId.ViewerScroll)[0] as HTMLElement).focus();
		await userEvent.keyboard("{ArrowLeft}");
		await expect.element(field).toHaveValue("1");
		const width = () => all(TestId.ViewerPage)[0]?.getBoundingClientRect().width ?? 0;
		const before = width();
		await userEvent.keyboard("+");
		await expect.poll(width).toBeGreaterThan(before * 1.2);
		await page.getByRole("button", { name: "Show the cited passage" }).click();
		await expect.poll(() => inView(all(TestId.ViewerHighlight)[0])).toBe(true);
	});

	test("a page that cannot be drawn says why and offers the text", async () => {
		await openWindow({ failing: { page_image: "installation_incomplete" } });
		await answered(QUESTIONS.lease);
		await page.getByTestId(TestId.Citation).first().click();
		await expect
			.element(page.getByTestId(TestId.Failure).first())
			.toHaveTextContent("This page cannot be shown as a picture.");
		await page.getByRole("button", { name: "Show its text instead" }).first().click();
		await expect.poll(marked).toContain("three months' notice");
	});

	test("a long text comes in windows, around the passage, and goes on at both ends", async () => {
		const host = await openWindow();
		await byId(TestId.AskInput).fill("Entry number 5550");
		await page.getByTestId(TestId.ResultItem).first().click();
		await expect.poll(marked).toContain("Entry number 5550.");
		const reads = () => host.calls.filter(({ name }) => name === "read_document").length;
		expect(reads()).toBe(1);
		const scroller = all(TestId.ViewerScroll)[0] as HTMLElement;
		const paragraphs = () => scroller.querySelectorAll("p").length;
		const before = paragraphs();
		const mark = all(TestId.ViewerHighlight)[0];
		scroller.scrollTop = 0;
		await expect.poll(paragraphs).toBeGreaterThan(before);
		// What was being read has not moved away from under the reader.
		expect(scroller.scrollTop).toBeGreaterThan(0);
		expect(mark?.isConnected).toBe(true);
		const more = paragraphs();
		scroller.scrollTop = scroller.scrollHeight;
		await expect.poll(paragraphs).toBeGreaterThan(more);
		await expectAccessible();
	});

	test("opens the original and shows it in its folder", async () => {
		const host = await openWindow();
		await answered(QUESTIONS.bees);
		await page.getByTestId(TestId.Citation).first().click();
		await byId(TestId.ViewerOpen).click();
		await byId(TestId.ViewerReveal).click();
		const opened = () =>
			host.calls
				.filter(({ name }) => name === "open_original")
				.map(({ req }) => (req as { reveal: boolean }).reveal);
		await expect.poll(opened).toEqual([false, true]);
	});

	test("goes back to the passages, and closes with Escape", async () => {
		await openWindow();
		await answered(QUESTIONS.bees);
		await page.getByTestId(TestId.PassageItem).first().click();
		await expect.element(byId(TestId.Viewer)).toBeVisible();
		await page.getByRole("button", { name: "Back to the passages" }).click();
		await expect.element(byId(TestId.Passages)).toBeVisible();
		await page.getByTestId(TestId.PassageItem).first().click();
		await expect.element(byId(TestId.Viewer)).toBeVisible();
		await userEvent.keyboard("{Escape}");
		await expect.poll(() => all(TestId.Viewer).length).toBe(0);
	});

	test("in a small window it lies over the centre and goes with Escape", async () => {
		await openWindow({}, { width: 720, height: 600 });
		await answered(QUESTIONS.bees);
		await page.getByTestId(TestId.Citation).first().click();
		await expect.element(byId(TestId.Viewer)).toBeVisible();
		expect(all(TestId.Viewer)[0]?.getBoundingClientRect().width).toBeGreaterThan(560);
		await expectAccessible();
		await userEvent.keyboard("{Escape}");
		await expect.poll(() => all(TestId.Viewer).length).toBe(0);
		await expect.element(byId(TestId.Answer)).toBeVisible();
	});

	test("asks about this document only", async () => {
		const host = await openWindow();
		await answered(QUESTIONS.bees);
		await page.getByTestId(TestId.Citation).first().click();
		await page.getByRole("button", { name: "Ask about this document" }).click();
		await expect.element(byId(TestId.ScopeButton)).toHaveTextContent("Keeping bees");
		await byId(TestId.AskInput).fill("sugar");
		await expect.element(byId(TestId.SearchTime)).toBeVisible();
		expect(lastRequest(host, "search").scope.documents?.length).toBe(1);
	});
});
