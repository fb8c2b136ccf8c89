/** Which note is open, and what was deleted last. */
import { report } from "../../api/failures.svelte";
import { bringBack, deleteNote, renameNote } from "../../api/notes";
import { call } from "../../api/rpc";
import { askText, confirm } from "../../components/questions.svelte";
import { t } from "../../i18n/index.svelte";
import { NoteDraft } from "./draft.svelte";
import { draftOf, keepDraft, release } from "./drafts.svelte";

export type NoteMode = "edit" | "preview";

class OpenNote {
	draft = $state.raw<NoteDraft | null>(null);
	mode = $state<NoteMode>("edit");
	/** Id of the version that is looked at instead of the text. */
	version = $state<{ id: number; saved_ms: number } | null>(null);
	deleted = $state.raw<{ path: string; title: string; text: string } | null>(null);
	/** The panel with links, tags and versions. */
	side = $state(innerWidth >= 1180);
	#turn = 0;

	#set(next: NoteDraft | null): void {
		const before = this.draft;
		this.#turn += 1;
		this.draft = next;
		this.version = null;
		if (before && before !== next) void release(before, () => this.draft === before);
	}

	async open(path: string): Promise<void> {
		const known = draftOf(path);
		if (known) {
			this.#set(known);
			await known.refresh();
			return;
		}
		this.#turn += 1;
		const turn = this.#turn;
		try {
			const note = await call("read_note", { path });
			if (turn === this.#turn) this.#set(keepDraft(new NoteDraft(note)));
		} catch (thrown) {
			report(thrown);
		}
	}

	/** A new note; it gets its file with its first text. */
	begin(text = ""): void {
		this.mode = "edit";
		this.#set(keepDraft(new NoteDraft(null, text)));
		void this.draft?.flush();
	}

	close(): void {
		this.#set(null);
	}

	/** Nothing of this folder is shown any more, nor brought back into another one. */
	leaveFolder(): void {
		this.#set(null);
		this.deleted = null;
	}

	/** The note of this name; one that does not exist is begun. */
	async follow(name: string): Promise<void> {
		await this.draft?.flush();
		const link = this.draft?.note?.links.find((one) => one.name === name);
		if (link?.path) await this.open(link.path);
		else this.begin(`# ${name}\n\n`);
	}

	async rename(draft: NoteDraft): Promise<void> {
		if (!(await draft.flush()) || draft.path === null) return;
		const to = await askText({
			title: t().notes.renameTitle,
			label: t().notes.renameLabel,
			value: draft.path.replace(/\.md$/, ""),
			submit: t().notes.renameYes,
		});
		if (to !== null) await draft.rename((path) => renameNote(path, to));
	}

	async delete(draft: NoteDraft): Promise<void> {
		const title = draft.note?.title ?? t().notes.untitled;
		const yes = await confirm({
			title: t().notes.deleteTitle(title),
			text: t().notes.deleteText,
			yes: t().notes.deleteYes,
			danger: true,
		});
		if (!yes) return;
		// What was typed last is in the version that is kept.
		const saved = await draft.flush();
		const { path, fileText: text } = draft;
		if (path !== null && (!saved || !(await deleteNote(path)))) return;
		draft.drop();
		if (this.draft === draft) this.#set(null);
		this.deleted = path === null ? null : { path, title, text };
	}

	async undoDelete(): Promise<void> {
		const { deleted } = this;
		if (!deleted) return;
		const note = await bringBack(deleted.path, deleted.text);
		if (!note) return;
		this.deleted = null;
		await this.open(note.path);
	}
}

export const openNote = new OpenNote();

export const beginNote = () => openNote.begin();
