import { beforeEach, describe, expect, test } from "vitest";
import { page, userEvent } from "vitest/browser";
import { keeping } from "../src/api/keeping.svelte";
import { beginNote } from "../src/features/notes/open.svelte";
import type { FakeHost, FakeOptions } from "../src/host/fake";
import { all, byId, expectAccessible, hold, openWindow, TestId } from "./window";

const FAILING: FakeOptions["failing"] = { save_note: "disk_full" };

/** Opens a note and writes into it. */
async function write(text: string): Promise<void> {
	await byId(TestId.NavNotes).click();
	await page.getByTitle("Varroa.md", { exact: true }).click();
	await userEvent.fill(byId(TestId.NoteEditor), text);
}

const answer = (host: FakeHost) => expect.poll(() => host.closing);

describe("closing the window", () => {
	let failing: NonNullable<FakeOptions["failing"]>;
	beforeEach(() => {
		failing = { ...FAILING };
	});

	test("with everything saved closes it at once", async () => {
		const host = await openWindow();
		host.close();
		await answer(host).toEqual(["close"]);
	});

	test("waits until what was just typed is saved", async () => {
		const held = hold();
		const host = await openWindow({ notes: true, gate: held.gate });
		held.at = "save_note";
		await write("# Varroa\n\nlast words");
		host.close();
		await expect.poll(() => host.calls.some(({ name }) => name === "save_note")).toBe(true);
		expect(host.closing).toEqual([]);
		held.release();
		await answer(host).toEqual(["close"]);
		expect(host.notes.read("Varroa.md").text).toBe("# Varroa\n\nlast words");
	});

	test("asks if a note cannot be saved; the way back is what Enter takes", async () => {
		const host = await openWindow({ notes: true, failing });
		await write("# Varroa\n\nlast words");
		host.close();
		await expect.element(byId(TestId.Confirm)).toHaveTextContent("Could not be saved: Varroa.");
		await expect.element(page.getByRole("button", { name: "Go back" })).toHaveFocus();
		await answer(host).toEqual(["wait"]);
		await expectAccessible();
		await userEvent.keyboard("{Enter}");
		await answer(host).toEqual(["wait", "stay"]);
		expect((byId(TestId.NoteEditor).element() as HTMLTextAreaElement).value).toBe("# Varroa\n\nlast words");
		// Asked again, it asks again; what can be saved by then is no question.
		host.close();
		await byId(TestId.ConfirmYes).click();
		await answer(host).toEqual(["wait", "stay", "wait", "close"]);
		delete failing.save_note;
		host.close();
		await answer(host).toEqual(["wait", "stay", "wait", "close", "close"]);
		expect(host.notes.read("Varroa.md").text).toBe("# Varroa\n\nlast words");
	});

	test("says so if saving takes long, and closes by itself once it is done", async () => {
		const held = hold();
		const host = await openWindow({ notes: true, gate: held.gate });
		held.at = "save_note";
		await write("# Varroa\n\nlast words");
		host.close();
		await expect.element(byId(TestId.Confirm)).toHaveTextContent("still being saved");
		await answer(host).toEqual(["wait"]);
		held.release();
		await answer(host).toEqual(["wait", "close"]);
	});

	test("asks before anything else that was being asked", async () => {
		const host = await openWindow({ notes: true, failing });
		await write("# Varroa\n\nlast words");
		await byId(TestId.NoteMenu).click();
		await page.getByRole("menuitem", { name: "Delete…" }).click();
		host.close();
		await expect.element(byId(TestId.Confirm)).toHaveTextContent("Close although a note is not saved?");
		await page.getByRole("button", { name: "Go back" }).click();
		await expect.poll(() => all(TestId.Confirm).length).toBe(0);
		expect(host.notes.read("Varroa.md").text).toContain("Formic acid");
	});

	describe("while a backup is written", () => {
		/**
		 * Begins a backup, which goes on until it is released. Every test has to do that: the end of what
		 * goes on is waited for in order, also by the tests after it.
		 */
		async function backingUp(options: FakeOptions = {}) {
			const held = hold();
			held.at = "backup";
			const host = await openWindow({ notes: true, gate: held.gate, ...options });
			await byId(TestId.NavSettings).click();
			await byId(TestId.BackUp).click();
			await expect.element(byId(TestId.BackUpProgress)).toBeVisible();
			return { host, release: held.release };
		}

		test("asks, and the way back leaves it going", async () => {
			const { host, release } = await backingUp();
			host.close();
			await expect
				.element(byId(TestId.Confirm))
				.toHaveTextContent("Closing now stops it, and no file is written.");
			await answer(host).toEqual(["wait"]);
			await expectAccessible();
			await page.getByRole("button", { name: "Go back" }).click();
			await answer(host).toEqual(["wait", "stay"]);
			release();
			await expect.element(byId(TestId.BackUpDone)).toBeVisible();
			host.close();
			await answer(host).toEqual(["wait", "stay", "close"]);
		});

		test("closes by itself once the file is whole", async () => {
			const { host, release } = await backingUp();
			host.close();
			await answer(host).toEqual(["wait"]);
			release();
			await answer(host).toEqual(["wait", "close"]);
		});

		test("goes at once if the person says so", async () => {
			const { host, release } = await backingUp({ settings: { language: "zh-CN" } });
			host.close();
			await expect.element(byId(TestId.Confirm)).toHaveTextContent("现在关闭会停止备份，不会写入任何文件。");
			await byId(TestId.ConfirmYes).click();
			await answer(host).toEqual(["wait", "close"]);
			release();
		});

		test("asks about a note that cannot be saved first, then about the backup", async () => {
			const { host, release } = await backingUp({ failing });
			await write("# Varroa\n\nlast words");
			host.close();
			await expect.element(byId(TestId.Confirm)).toHaveTextContent("Could not be saved: Varroa.");
			await byId(TestId.ConfirmYes).click();
			await expect.element(byId(TestId.Confirm)).toHaveTextContent("Close while a backup is being written?");
			await byId(TestId.ConfirmYes).click();
			await answer(host).toEqual(["wait", "wait", "close"]);
			release();
		});
	});

	test("asks while a backup is unpacked, and stays if that fails meanwhile", async () => {
		const held = hold();
		held.at = "restore";
		const host = await openWindow({ picks: ["/media/stick/old.docent"], gate: held.gate });
		await byId(TestId.NavSettings).click();
		await byId(TestId.RestoreLook).click();
		await byId(TestId.RestoreYes).click();
		await expect.element(byId(TestId.RestoreBusy)).toBeVisible();
		host.close();
		await expect.element(byId(TestId.Confirm)).toHaveTextContent("Close while a backup is being unpacked?");
		await expectAccessible();
		keeping.restoring?.cancel();
		held.release();
		await expect.poll(() => keeping.restoring?.running).toBe(false);
		expect(host.closing).toEqual(["wait"]);
		await page.getByRole("button", { name: "Go back" }).click();
		await answer(host).toEqual(["wait", "stay"]);
	});

	test("saves a note that has no file yet", async () => {
		const host = await openWindow({ notes: true });
		beginNote();
		await userEvent.fill(byId(TestId.AskInput), "unrelated");
		await byId(TestId.NavNotes).click();
		await userEvent.fill(byId(TestId.NoteEditor), "# Frost");
		host.close();
		await answer(host).toEqual(["close"]);
		expect(host.notes.read("Frost.md").text).toBe("# Frost");
	});
});
