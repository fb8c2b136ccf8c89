import { describe, expect, test } from "vitest";
import { page, userEvent } from "vitest/browser";
import {
	all,
	answered,
	askQuestion,
	byId,
	expectAccessible,
	hold,
	openWindow,
	QUESTIONS,
	TestId,
} from "./window";

const press = (keys: string) => userEvent.keyboard(keys);
const focused = () => (document.activeElement as HTMLElement | null)?.dataset.testid;

/** Presses Tab until the focus is there; fails if it never is. */
async function tabTo(id: TestId): Promise<void> {
	for (let presses = 0; presses < 60; presses += 1) {
		if (focused() === id) return;
		await press("{Tab}");
	}
	throw new Error(`${id} cannot be reached with Tab`);
}

describe("by keyboard only", () => {
	test("search, open a passage, come back, ask, stop, follow a citation, close", async () => {
		const held = hold();
		held.at = "text";
		await openWindow({ gate: held.gate });
		await expect.poll(focused).toBe(TestId.AskInput);
		await press("deposit");
		await expect.element(byId(TestId.SearchTime)).toBeVisible();
		await press("{ArrowDown}");
		expect(focused()).toBe(TestId.ResultItem);
		await press("{Enter}");
		await expect.element(byId(TestId.Viewer)).toBeVisible();
		await press("{Escape}");
		await expect.poll(() => all(TestId.Viewer).length).toBe(0);
		await press("{ArrowUp}");
		expect(focused()).toBe(TestId.AskInput);
		await userEvent.clear(byId(TestId.AskInput));
		await press(QUESTIONS.lease);
		await press("{Enter}");
		await expect.element(byId(TestId.Answer)).toBeVisible();
		await press("{Escape}");
		held.release();
		await expect.element(page.getByText("Stopped before the end.")).toBeVisible();
		await press("{ArrowUp}");
		expect((byId(TestId.AskInput).element() as HTMLTextAreaElement).value).toBe(QUESTIONS.lease);
		await press("{Escape}{Enter}");
		await expect.poll(() => all(TestId.Citation).length).toBe(3);
		await press("{Shift>}{Tab}{/Shift}");
		for (let presses = 0; presses < 12 && focused() !== TestId.Citation; presses += 1)
			await press("{Shift>}{Tab}{/Shift}");
		expect(focused()).toBe(TestId.Citation);
		await press("{Enter}");
		await expect.element(byId(TestId.ViewerTitle)).toHaveTextContent("Lease of the flat");
	});

	test("Shift and Enter make a new line, Enter asks", async () => {
		const host = await openWindow();
		await expect.poll(focused).toBe(TestId.AskInput);
		await press("one{Shift>}{Enter}{/Shift}two");
		expect((byId(TestId.AskInput).element() as HTMLTextAreaElement).value).toBe("one\ntwo");
		expect(host.calls.some(({ name }) => name === "ask")).toBe(false);
		await press("{Enter}");
		await expect.poll(() => host.calls.some(({ name }) => name === "ask")).toBe(true);
	});

	test("everything is reached with Tab, lists are one stop each", async () => {
		await openWindow({ conversations: [{ title: "Old one", questions: [QUESTIONS.lease] }] });
		await expect.poll(() => all(TestId.ConversationItem).length).toBe(1);
		(document.activeElement as HTMLElement | null)?.blur();
		await tabTo(TestId.NewConversation);
		await tabTo(TestId.AddMenu);
		await tabTo(TestId.AllDocuments);
		await press("{ArrowDown}{ArrowDown}");
		expect(focused()).toBe(TestId.SourceItem);
		await press("{Tab}");
		expect(focused()).toBe(TestId.ConversationItem);
		await tabTo(TestId.IndexingFailures);
		await tabTo(TestId.NavModels);
		await tabTo(TestId.NavSettings);
		await tabTo(TestId.NavAbout);
		await tabTo(TestId.AskInput);
		await tabTo(TestId.ScopeButton);
	});

	test("what has the focus shows it", async () => {
		await openWindow();
		await expect.poll(() => all(TestId.SourceItem).length).toBe(3);
		(document.activeElement as HTMLElement | null)?.blur();
		for (const id of [TestId.NewConversation, TestId.AllDocuments, TestId.NavModels]) {
			await tabTo(id);
			expect(getComputedStyle(document.activeElement as Element).outlineStyle, id).toBe("solid");
		}
	});

	test("the shortcuts do what their list says", async () => {
		await openWindow();
		await expect.poll(focused).toBe(TestId.AskInput);
		await press("{Control>},{/Control}");
		await expect.element(byId(TestId.Settings)).toBeVisible();
		await press("?");
		await expect.element(byId(TestId.Shortcuts)).toBeVisible();
		await expectAccessible();
		await press("{Escape}");
		await expect.poll(() => all(TestId.Shortcuts).length).toBe(0);
		await press("{Control>}n{/Control}");
		await expect.poll(focused).toBe(TestId.AskInput);
		await press("{Control>}b{/Control}");
		await expect.poll(() => all(TestId.Rail).length).toBe(0);
		await press("{Control>}b{/Control}");
		await expect.poll(() => all(TestId.Rail).length).toBe(1);
		(document.activeElement as HTMLElement).blur();
		await press("/");
		await expect.poll(focused).toBe(TestId.AskInput);
		await press("a/b?");
		expect((byId(TestId.AskInput).element() as HTMLTextAreaElement).value).toBe("a/b?");
	});

	test("the palette finds commands, conversations and sources, and gives the focus back", async () => {
		await openWindow({
			conversations: [{ title: "Notice period of the lease", questions: [QUESTIONS.lease] }],
		});
		await expect.poll(focused).toBe(TestId.AskInput);
		await press("{Control>}k{/Control}");
		expect(focused()).toBe(TestId.PaletteInput);
		await expectAccessible();
		await press("{Escape}");
		await expect.poll(focused).toBe(TestId.AskInput);
		await press("{Control>}k{/Control}lease");
		await expect
			.poll(() => all(TestId.PaletteItem).map(({ textContent }) => textContent?.trim()))
			.toEqual(["Notice period of the lease"]);
		await press("{Enter}");
		await expect.element(byId(TestId.Answer)).toBeVisible();
		await press("{Control>}k{/Control}dark theme{Enter}");
		await expect.poll(() => document.documentElement.dataset.theme).toBe("dark");
	});

	test("a menu is walked with arrows and letters, and closes with Escape", async () => {
		await openWindow();
		await expect.poll(focused).toBe(TestId.AskInput);
		await tabTo(TestId.ScopeButton);
		await press("{Enter}");
		await expect.element(page.getByRole("menu")).toBeVisible();
		await expectAccessible();
		await press("{ArrowDown}{ArrowDown}");
		expect(document.activeElement?.textContent).toContain("House");
		await press("n");
		expect(document.activeElement?.textContent).toContain("Notes");
		await press("{Escape}");
		expect(focused()).toBe(TestId.ScopeButton);
		await press("{Enter}n{Enter}");
		await expect.element(byId(TestId.ScopeButton)).toHaveTextContent("Notes");
	});

	test("in a small window the rail comes and goes, and Escape closes it", async () => {
		await openWindow({}, { width: 640, height: 560 });
		await expect.element(byId(TestId.RailToggle)).toBeVisible();
		expect(all(TestId.Rail)).toEqual([]);
		await byId(TestId.RailToggle).click();
		await expect.element(byId(TestId.Rail)).toBeVisible();
		expect(all(TestId.Rail)[0]?.contains(document.activeElement)).toBe(true);
		await expectAccessible();
		await press("{Escape}");
		await expect.poll(() => all(TestId.Rail).length).toBe(0);
		expect(focused()).toBe(TestId.RailToggle);
		expect(document.documentElement.scrollWidth).toBeLessThanOrEqual(640);
	});

	test("a finished answer is announced once, its growth is not", async () => {
		const held = hold();
		held.at = "text";
		await openWindow({ gate: held.gate });
		await askQuestion(QUESTIONS.lease);
		await expect.element(byId(TestId.Answer)).toBeVisible();
		const announced = () => all(TestId.Thread)[0]?.querySelector('[aria-live="polite"]')?.textContent ?? "";
		expect(announced()).toBe("");
		held.release();
		await expect.poll(announced).toContain("Answer: You can end the lease");
		await answered(QUESTIONS.bees);
		await expect.poll(announced).toContain("Answer: Treat against varroa");
	});
});
