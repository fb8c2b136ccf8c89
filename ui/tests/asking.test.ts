import { describe, expect, test } from "vitest";
import { page, userEvent } from "vitest/browser";
import type { Streams } from "../src/wire/generated";
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

const asks = (host: { calls: { name: string; req: unknown }[] }) =>
	host.calls.filter(({ name }) => name === "ask").map(({ req }) => req as Streams["ask"]["req"]);

describe("search while typing", () => {
	test("shows passages with the words marked, and how long it took", async () => {
		await openWindow();
		await byId(TestId.AskInput).fill("notice lease");
		await expect.element(byId(TestId.SearchTime)).toHaveTextContent("10 passages · 6.4 ms");
		const [first] = all(TestId.ResultItem);
		expect(first?.textContent).toContain("three months' notice");
		expect([...(first?.querySelectorAll("mark") ?? [])].map((mark) => mark.textContent)).toContain("notice");
		await expectAccessible();
	});

	test("searches once for what was typed in one go", async () => {
		const host = await openWindow();
		await expect.element(byId(TestId.AskInput)).toHaveFocus();
		const box = byId(TestId.AskInput).element() as HTMLTextAreaElement;
		// In one go however slow the machine is: keys that are pressed one by one may be pauses apart.
		for (let end = 1; end <= "deposit".length; end += 1) {
			box.value = "deposit".slice(0, end);
			box.dispatchEvent(new InputEvent("input", { bubbles: true }));
		}
		await expect.element(byId(TestId.SearchTime)).toBeVisible();
		const queries = host.calls
			.filter(({ name }) => name === "search")
			.map(({ req }) => (req as { query: string }).query);
		expect(queries).toEqual(["deposit"]);
	});

	test("says so when nothing matches, and how to go on", async () => {
		await openWindow();
		await byId(TestId.AskInput).fill("quantum chromodynamics");
		await expect
			.element(byId(TestId.Results))
			.toHaveTextContent("No passage matches “quantum chromodynamics”.");
		await expectAccessible();
	});

	test("says when only words could be searched", async () => {
		await openWindow({ models: false });
		await byId(TestId.AskInput).fill("deposit");
		await expect.element(byId(TestId.Results)).toHaveTextContent("Searched by words only.");
	});

	test("an older answer never replaces a newer one", async () => {
		const held = hold();
		held.at = "search";
		await openWindow({ gate: held.gate });
		await byId(TestId.AskInput).fill("deposit");
		await new Promise((resolve) => setTimeout(resolve, 200));
		held.at = "";
		await byId(TestId.AskInput).fill("swarming");
		await expect.element(byId(TestId.Results)).toHaveTextContent("Swarming");
		held.release();
		await new Promise((resolve) => setTimeout(resolve, 50));
		await expect.element(byId(TestId.Results)).not.toHaveTextContent("deposit");
	});

	test("looks only where it is told to", async () => {
		const host = await openWindow();
		await byId(TestId.ScopeButton).click();
		await page.getByRole("menuitemradio", { name: "Notes" }).click();
		await byId(TestId.AskInput).fill("lease");
		await expect.element(byId(TestId.Results)).toHaveTextContent("No passage matches");
		await page.getByRole("button", { name: "Search everything again" }).click();
		await expect.element(byId(TestId.Results)).toHaveTextContent("Harbour Lane");
		expect(host.calls.filter(({ name }) => name === "search").length).toBeGreaterThan(1);
	});
});

describe("asking", () => {
	test("streams: search, reading with progress, words, then the cited answer", async () => {
		const held = hold();
		held.at = "reading";
		await openWindow({ gate: held.gate });
		await askQuestion(QUESTIONS.bees);
		await expect.element(byId(TestId.AnswerStatus)).toHaveTextContent("Reading the passages, 20%");
		await expect.element(byId(TestId.Verdict)).toHaveTextContent("Found in your documents");
		expect(all(TestId.PassageItem).length).toBeGreaterThan(2);
		await expectAccessible();
		held.at = "text";
		held.release();
		await expect.element(byId(TestId.Answer)).toBeVisible();
		await expect.element(byId(TestId.CopyAnswer)).toBeVisible();
		expect(all(TestId.Citation).map(({ dataset }) => dataset.number)).toEqual(["1", "2", "3", "4"]);
	});

	test("while the words come, the text is there and can be read", async () => {
		const held = hold();
		held.at = "text";
		await openWindow({ gate: held.gate });
		await askQuestion(QUESTIONS.bees);
		await expect.element(byId(TestId.Answer)).toHaveTextContent("Treat a");
		await expect.element(byId(TestId.AnswerStatus)).toHaveTextContent("Writing…");
		await expectAccessible();
		held.release();
	});

	test("an answer shows its citations, what has no source, how it was made and how fast", async () => {
		await openWindow();
		await answered(QUESTIONS.bees);
		const answer = byId(TestId.Answer);
		await expect.element(answer).toHaveAttribute("data-latest", "true");
		await expect.element(answer).toHaveTextContent("Treat against varroa twice a year.");
		expect(all(TestId.Answer)[0]?.querySelector("strong")?.textContent).toBe("twice a year");
		await expect.element(byId(TestId.Unsupported)).toHaveTextContent("no source found");
		expect(document.querySelector(".unsupported")?.textContent?.trim()).toBe(
			"Thymol works as well in most years.",
		);
		await expect
			.element(page.getByText("Phrased by the model from your documents · 21 tokens/s"))
			.toBeVisible();
		await expectAccessible();
	});

	test("a chip stays on the line of its sentence", async () => {
		await openWindow({}, { width: 1180, height: 800 });
		await answered(QUESTIONS.lease);
		expect(all(TestId.Citation).length).toBe(3);
		for (const chip of all(TestId.Citation)) {
			const walker = document.createTreeWalker(chip.closest("p") ?? document.body, NodeFilter.SHOW_TEXT);
			let text: Text | null = null;
			while (walker.nextNode() && !chip.contains(walker.currentNode)) {
				const here = walker.currentNode as Text;
				if (here.length > 0) text = here;
			}
			const before = document.createRange();
			before.setStart(text as unknown as Text, ((text as Text | null)?.length ?? 1) - 1);
			before.setEnd(text as unknown as Text, (text as Text | null)?.length ?? 1);
			const [word, mark] = [before.getBoundingClientRect(), chip.getBoundingClientRect()];
			expect(Math.abs(word.bottom - mark.bottom)).toBeLessThan(12);
		}
	});

	test("with no model, sentences are quoted and it says so", async () => {
		await openWindow({ models: false });
		await answered(QUESTIONS.lease);
		await expect.element(page.getByText("Word for word from your documents")).toBeVisible();
	});

	test("says that something is not in the documents, and what comes nearest", async () => {
		await openWindow();
		await answered(QUESTIONS.none);
		await expect.element(byId(TestId.Verdict)).toHaveAttribute("data-verdict", "not_in_documents");
		await expect.element(byId(TestId.Answer)).toHaveTextContent("I found nothing in your documents");
		expect(all(TestId.ResultItem).length).toBe(2);
		expect(all(TestId.Unsupported)).toEqual([]);
		await expect.element(page.getByRole("heading", { name: "Nearest passages" })).toBeVisible();
		await expectAccessible();
	});

	test("says when the evidence is weak", async () => {
		await openWindow();
		await answered("harbour pump repairs crew salary");
		await expect.element(byId(TestId.Verdict)).toHaveTextContent("Weak evidence");
		await expectAccessible();
	});

	test("Stop takes the place of Send, and keeps what was written", async () => {
		const held = hold();
		held.at = "text";
		const host = await openWindow({ gate: held.gate });
		await askQuestion(QUESTIONS.bees);
		await expect.element(byId(TestId.Answer)).toBeVisible();
		expect(all(TestId.Send)).toEqual([]);
		await byId(TestId.Stop).click();
		held.release();
		await expect.element(page.getByText("Stopped before the end.")).toBeVisible();
		await expect.element(byId(TestId.Answer)).toHaveTextContent("Treat a");
		await expect.element(byId(TestId.Send)).toBeVisible();
		expect(asks(host).length).toBe(1);
	});

	test("a conversation goes on, is listed, and is there again when it is opened", async () => {
		const host = await openWindow();
		await answered(QUESTIONS.lease);
		await answered(QUESTIONS.bees);
		const [first, second] = asks(host);
		expect(first?.conversation).toBeNull();
		expect(second?.conversation).toEqual(expect.any(Number));
		await expect.poll(() => all(TestId.ConversationItem).length).toBe(1);
		await byId(TestId.NewConversation).click();
		await expect.element(page.getByRole("heading", { name: "What would you like to know?" })).toBeVisible();
		await byId(TestId.ConversationItem).click();
		await expect.poll(() => all(TestId.Answer).length).toBe(2);
		expect(all(TestId.Answer).map(({ dataset }) => dataset.latest)).toEqual(["false", "true"]);
	});

	test("an answer goes on growing while something else is looked at", async () => {
		const held = hold();
		held.at = "text";
		await openWindow({ gate: held.gate });
		await askQuestion(QUESTIONS.bees);
		await expect.element(byId(TestId.Answer)).toBeVisible();
		await byId(TestId.NavSettings).click();
		await expect.element(byId(TestId.Settings)).toBeVisible();
		held.release();
		await byId(TestId.ConversationItem).click();
		await expect.element(byId(TestId.CopyAnswer)).toBeVisible();
		expect(all(TestId.Answer).length).toBe(1);
	});

	test("a failure says what happened, what is kept and what to do, and stays", async () => {
		const host = await openWindow({ failing: { ask: "not_enough_memory" } });
		await askQuestion(QUESTIONS.bees);
		await expect
			.element(byId(TestId.Failure))
			.toHaveTextContent("There is not enough free memory for this model.");
		await expect.element(byId(TestId.Failure)).toHaveTextContent("What is indexed already stays searchable.");
		await expectAccessible();
		// The core has thrown away the conversation that this question began: asking again begins another.
		host.options.failing = {};
		await page.getByRole("button", { name: "Ask again" }).click();
		await expect.element(byId(TestId.CopyAnswer)).toBeVisible();
		expect(asks(host).map(({ conversation }) => conversation)).toEqual([null, null]);
	});

	test("copies the answer with its sources as text", async () => {
		await openWindow();
		await answered(QUESTIONS.lease);
		let copied = "";
		Object.defineProperty(navigator, "clipboard", {
			configurable: true,
			value: {
				writeText: async (text: string) => {
					copied = text;
				},
			},
		});
		await byId(TestId.CopyAnswer).click();
		await expect
			.poll(() => copied)
			.toContain("end of a month. [1] It has to be given in writing; electronic mail is not enough. [2]");
		expect(copied).toContain(
			"Sources\n[1] Lease of the flat at 14 Harbour Lane, 5. Notice, Page 3, contracts/lease-harbour-lane.pdf",
		);
	});

	test("half-composed Chinese is neither searched nor sent", async () => {
		const host = await openWindow();
		await expect.element(byId(TestId.AskInput)).toHaveFocus();
		const box = byId(TestId.AskInput).element() as HTMLTextAreaElement;
		box.dispatchEvent(new CompositionEvent("compositionstart", { bubbles: true }));
		box.value = "wenshi";
		box.dispatchEvent(new InputEvent("input", { bubbles: true }));
		await new Promise((resolve) => setTimeout(resolve, 250));
		expect(host.calls.some(({ name }) => name === "search")).toBe(false);
		box.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", bubbles: true, isComposing: true }));
		box.value = "温室";
		box.dispatchEvent(new CompositionEvent("compositionend", { bubbles: true }));
		// WebKit tells the key that ended the composition afterwards, as code 229.
		const late = new KeyboardEvent("keydown", { key: "Enter", bubbles: true });
		Object.defineProperty(late, "keyCode", { value: 229 });
		box.dispatchEvent(late);
		await expect.element(byId(TestId.Results)).toHaveTextContent("温室");
		expect(asks(host)).toEqual([]);
		await userEvent.keyboard("{Enter}");
		await expect.poll(() => asks(host).length).toBe(1);
	});

	test("a text far too long is refused before it is sent", async () => {
		const host = await openWindow();
		await byId(TestId.AskInput).fill("x".repeat(20_001));
		await expect.element(page.getByRole("alert")).toHaveTextContent("This is too long to be a question.");
		await expect.element(byId(TestId.Send)).toBeDisabled();
		expect(asks(host)).toEqual([]);
	});
});
