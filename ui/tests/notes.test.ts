import { describe, expect, test } from "vitest";
import { page, userEvent } from "vitest/browser";
import { drafts } from "../src/features/notes/drafts.svelte";
import { all, byId, expectAccessible, hold, lastRequest, openWindow, TestId } from "./window";

const press = (keys: string) => userEvent.keyboard(keys);
const text = () => (byId(TestId.NoteEditor).element() as HTMLTextAreaElement).value;
const state = () => all(TestId.NoteState)[0]?.dataset.state;
const saves = (host: { calls: { name: string }[] }) =>
	host.calls.filter(({ name }) => name === "save_note").length;

const item = (name: string) =>
	page.getByTestId(TestId.NoteItem).and(page.getByTitle(`${name}.md`, { exact: true }));

/** Opens the notes, and one of them. */
async function openNotes(name?: string): Promise<void> {
	await byId(TestId.NavNotes).click();
	if (name === undefined) return;
	await item(name).click();
	await expect.element(byId(TestId.NoteTitle)).toHaveTextContent(name);
}

describe("notes", () => {
	test("begin with a folder: the proposed one is one press away", async () => {
		const host = await openWindow();
		await openNotes();
		await expect.element(byId(TestId.NotesFolder)).toHaveTextContent("/home/ada/Documents/docent notes");
		await expectAccessible();
		await byId(TestId.NotesAccept).click();
		await expect.element(byId(TestId.NoteEditor)).toHaveFocus();
		expect(lastRequest(host, "set_notes_folder").path).toBeNull();
	});

	test("save themselves a moment after the last key, and say so", async () => {
		const host = await openWindow({ notes: true });
		await press("{Control>}{Shift>}n{/Shift}{/Control}");
		await expect.element(byId(TestId.NoteEditor)).toHaveFocus();
		expect(state()).toBe("empty");
		await press("# Frost on the hives");
		expect(state()).toBe("unsaved");
		expect(saves(host)).toBe(0);
		await expect.poll(state).toBe("saved");
		expect(saves(host)).toBe(1);
		expect(lastRequest(host, "save_note")).toEqual({
			path: null,
			text: "# Frost on the hives",
			version: null,
			keep: false,
		});
		await expect.element(page.getByTestId(TestId.NoteItem).first()).toHaveTextContent("Frost on the hives");
		await press(" in May");
		await expect.poll(() => saves(host)).toBe(2);
		expect(lastRequest(host, "save_note").path).toBe("Frost on the hives.md");
		await expectAccessible();
	});

	test("leaving the view, or opening another note, saves at once", async () => {
		const host = await openWindow({ notes: true });
		await openNotes("Varroa");
		await expect.element(byId(TestId.NoteEditor)).toHaveFocus();
		await press("{Control>}{End}{/Control} more");
		await byId(TestId.NavSettings).click();
		await expect.poll(() => saves(host)).toBe(1);
		expect(host.notes.read("Varroa.md").text).toMatch(/ more$/);
		await openNotes();
		await expect.element(byId(TestId.NoteEditor)).toHaveFocus();
		await press("{Control>}{End}{/Control}!");
		await item("Reading list").click();
		await expect.poll(() => host.notes.read("Varroa.md").text).toMatch(/ more!$/);
	});

	test("that cannot be saved keep their text, say so, and are saved when that is possible", async () => {
		const failing: { save_note?: "disk_full" } = { save_note: "disk_full" };
		const host = await openWindow({ notes: true, failing });
		await openNotes("Reading list");
		await press("{Control>}{End}{/Control} kept");
		await expect
			.element(byId(TestId.NoteFailed))
			.toHaveTextContent("This note could not be saved. The disk is full.");
		expect(state()).toBe("failed");
		await expectAccessible();
		// Not even another note makes it go.
		await item("Varroa").click();
		await expect.element(page.getByText("“Reading list” could not be saved yet")).toBeVisible();
		expect(localStorage.getItem("docent.notes.unsaved")).toContain(" kept");
		delete failing.save_note;
		await page.getByRole("button", { name: "Save now" }).click();
		await expect.poll(() => host.notes.read("Reading list.md").text).toMatch(/ kept$/);
		await expect.poll(() => localStorage.getItem("docent.notes.unsaved")).toBeNull();
	});

	test("what is typed while a save is on its way is saved too", async () => {
		const held = hold();
		held.at = "save_note";
		const host = await openWindow({ notes: true, gate: held.gate });
		await openNotes("Varroa");
		await press("{Control>}{End}{/Control} a{Control>}s{/Control}");
		await expect.poll(state).toBe("saving");
		await press("b");
		held.release();
		await expect.poll(state).toBe("saved");
		expect(host.notes.read("Varroa.md").text).toMatch(/ ab$/);
	});

	test("changed by another program are not overwritten: both texts stay, and it says where", async () => {
		const host = await openWindow({ notes: true });
		await openNotes("Varroa");
		await press("{Control>}{End}{/Control} mine");
		host.notes.writeBehind("Varroa.md", "# Varroa\n\ntheirs");
		await expect
			.element(byId(TestId.NoteConflict))
			.toHaveTextContent(
				"Your text is now in “Varroa (conflict).md”; what the other program wrote is in “Varroa.md”.",
			);
		expect(host.notes.read("Varroa.md").text).toBe("# Varroa\n\ntheirs");
		expect(host.notes.read("Varroa (conflict).md").text).toMatch(/ mine$/);
		expect(text()).toMatch(/ mine$/);
		await expectAccessible();
		await page.getByRole("button", { name: "Open the other one" }).click();
		await expect.poll(text).toBe("# Varroa\n\ntheirs");
	});

	test("that nobody is writing in follow what another program writes", async () => {
		const host = await openWindow({ notes: true });
		await openNotes("Varroa");
		host.changeNote("Varroa.md", "# Varroa\n\nfrom elsewhere");
		await expect.poll(text).toBe("# Varroa\n\nfrom elsewhere");
		await expect
			.element(page.getByText("Another program changed this note; this is its text now."))
			.toBeVisible();
	});

	test("link to one another: names come while typing, links and backlinks are followed", async () => {
		const host = await openWindow({ notes: true });
		await openNotes("Reading list");
		await press("{Control>}{End}{/Control} [[[[var");
		await expect.element(byId(TestId.NoteSuggestion)).toHaveTextContent("Varroa");
		await expectAccessible();
		await press("{Enter}");
		expect(text()).toMatch(/ \[\[Varroa\]\]$/);
		await press("{Control>}s{/Control}");
		await page.getByTestId(TestId.NoteLink).filter({ hasText: "Varroa" }).click();
		await expect.element(byId(TestId.NoteTitle)).toHaveTextContent("Varroa");
		await expect
			.poll(() => all(TestId.NoteBacklink).map(({ textContent }) => textContent?.trim()))
			.toContain("Reading list");
		await page.getByTestId(TestId.NoteBacklink).filter({ hasText: "Apiary plan" }).click();
		await expect.element(byId(TestId.NoteTitle)).toHaveTextContent("Apiary plan");
		await page.getByTestId(TestId.NoteLink).filter({ hasText: "Queen rearing" }).click();
		await expect.poll(text).toBe("# Queen rearing\n\n");
		await expect.poll(() => host.notes.read("Queen rearing.md").backlinks.length).toBe(1);
	});

	test("with the line endings of Windows: Ctrl+Enter follows the link that the caret stands in", async () => {
		const host = await openWindow({ notes: true });
		const lines = ["# Varroa", "", "one", "two", "three", "four", "[[Apiary plan]] [[Reading list]]"];
		host.changeNote("Varroa.md", lines.join("\r\n"));
		await openNotes("Varroa");
		await expect.poll(text).toBe(lines.join("\n"));
		const field = byId(TestId.NoteEditor).element() as HTMLTextAreaElement;
		const at = field.value.indexOf("Reading");
		field.focus();
		field.setSelectionRange(at, at);
		await press("{Control>}{Enter}{/Control}");
		await expect.element(byId(TestId.NoteTitle)).toHaveTextContent("Reading list");
	});

	test("are narrowed by words and tags", async () => {
		await openWindow({ notes: true });
		await openNotes();
		await expect.poll(() => all(TestId.NoteItem).length).toBe(4);
		await byId(TestId.NoteFilter).fill("草帘");
		await expect.poll(() => all(TestId.NoteItem).length).toBe(1);
		await byId(TestId.NoteFilter).fill("");
		await page.getByTestId(TestId.NoteTag).filter({ hasText: "#bees" }).click();
		await expect.poll(() => all(TestId.NoteItem).length).toBe(2);
		await expectAccessible();
	});

	test("are renamed; a name that is taken is refused and nothing changes", async () => {
		const host = await openWindow({ notes: true });
		await openNotes("Varroa");
		await byId(TestId.NoteMenu).click();
		await page.getByRole("menuitem", { name: "Rename…" }).click();
		await page.getByRole("textbox", { name: "Name of the file" }).fill("Reading list");
		await press("{Enter}");
		await expect
			.element(page.getByTestId(TestId.Failure))
			.toHaveTextContent("Something with this name is there already.");
		await byId(TestId.NoteMenu).click();
		await page.getByRole("menuitem", { name: "Rename…" }).click();
		await page.getByRole("textbox", { name: "Name of the file" }).fill("garden/Mites");
		await press("{Enter}");
		await expect
			.poll(() => host.notes.list({ text: null, tag: null }).notes.map(({ path }) => path))
			.toContain("garden/Mites.md");
	});

	test("are deleted after asking, and come back", async () => {
		const host = await openWindow({ notes: true });
		await openNotes("Varroa");
		const before = text();
		await byId(TestId.NoteMenu).click();
		await page.getByRole("menuitem", { name: "Delete…" }).click();
		await byId(TestId.ConfirmYes).click();
		await expect.poll(() => all(TestId.NoteItem).length).toBe(3);
		await expectAccessible();
		await byId(TestId.NoteUndo).click();
		await expect.poll(text).toBe(before);
		expect(host.notes.read("Varroa.md").text).toBe(before);
	});

	test("have versions that can be read and restored; restoring loses nothing", async () => {
		const host = await openWindow({ notes: true });
		await openNotes("Varroa");
		const before = text();
		await userEvent.fill(byId(TestId.NoteEditor), "# Varroa\n\nall new");
		await press("{Control>}s{/Control}");
		await page.getByTestId(TestId.NoteVersion).first().click();
		await expect.element(page.getByText("Formic acid in late July").first()).toBeVisible();
		await expectAccessible();
		await byId(TestId.NoteRestore).click();
		await expect.poll(text).toBe(before);
		expect(lastRequest(host, "save_note").keep).toBe(true);
		await expect.poll(() => all(TestId.NoteVersion).length).toBe(2);
	});

	test("stay in their folder when another one is chosen: saved, closed, and not written there", async () => {
		const host = await openWindow({ notes: true, picks: ["/home/ada/other"] });
		await openNotes("Varroa");
		await page.getByTestId(TestId.NoteTag).filter({ hasText: "#bees" }).click();
		await userEvent.fill(byId(TestId.NoteEditor), "# Varroa\n\nthe last words");
		await page.getByRole("button", { name: "Change folder…" }).click();
		await expect.element(page.getByText("No notes yet.")).toBeVisible();
		expect(all(TestId.NoteEditor).length).toBe(0);
		expect(drafts.size).toBe(0);
		expect(host.notes.count).toBe(0);
		host.notes.setFolder(null);
		expect(host.notes.read("Varroa.md").text).toBe("# Varroa\n\nthe last words");
	});

	test("of which one cannot be saved hold the change of their folder back, and it is said", async () => {
		const failing = { save_note: "disk_full" } as const;
		const host = await openWindow({ notes: true, picks: ["/home/ada/other"], failing });
		await openNotes("Varroa");
		await userEvent.fill(byId(TestId.NoteEditor), "nowhere else");
		await page.getByRole("button", { name: "Change folder…" }).click();
		await expect.element(page.getByTestId(TestId.Failure)).toHaveTextContent("Varroa");
		expect(host.calls.some(({ name }) => name === "set_notes_folder")).toBe(false);
		expect(text()).toBe("nowhere else");
	});

	test("are previewed as text, never as markup", async () => {
		const host = await openWindow({ notes: true });
		host.changeNote(
			"Varroa.md",
			"# Varroa\n\n<img src=x onerror=alert(1)> **bold**\n\n| a | b |\n|---|---|\n| 1 | 2 |",
		);
		await openNotes("Varroa");
		await press("{Control>}e{/Control}");
		const preview = byId(TestId.NotePreview);
		await expect.element(preview).toHaveTextContent("<img src=x onerror=alert(1)>");
		expect(preview.element().querySelector("img")).toBeNull();
		expect(preview.element().querySelector("strong")?.textContent).toBe("bold");
		expect(preview.element().querySelectorAll("td").length).toBe(2);
		await expectAccessible();
	});

	test("an earlier window's unsaved text is saved at the next start", async () => {
		const host = await openWindow({ notes: true });
		const note = host.notes.read("Varroa.md");
		const left = [
			{ path: "Varroa.md", text: `${note.text}\nwritten before the power went`, version: note.version },
		];
		localStorage.setItem("docent.notes.unsaved", JSON.stringify(left));
		await openNotes();
		await expect.poll(() => host.notes.read("Varroa.md").text).toContain("before the power went");
		await expect.poll(() => localStorage.getItem("docent.notes.unsaved")).toBeNull();
		expect([...drafts.values()].some(({ dirty }) => dirty)).toBe(false);
	});

	test("in a small window list and note come one after the other", async () => {
		await openWindow({ notes: true }, { width: 760, height: 620 });
		await byId(TestId.RailToggle).click();
		await openNotes("Varroa");
		await expect.element(byId(TestId.NoteEditor)).toBeVisible();
		expect(document.documentElement.scrollWidth).toBeLessThanOrEqual(760);
		await expectAccessible();
	});
});
