/** Everything asked of the core about notes, but for saving, which `features/notes/draft.svelte` does itself. */
import { t } from "../i18n/index.svelte";
import type { Note } from "../wire/generated";
import { attempt } from "./failures.svelte";
import { query, touch } from "./queries.svelte";
import { call, currentHost } from "./rpc";

/** Notes are documents too: what changes here is soon found there. */
const NOTES = ["notes"] as const;

/** Every note, or those with this text and this tag. */
export const notesQuery = (text = "", tag: string | null = null) =>
	query("list_notes", { text: text.trim() === "" ? null : text.trim(), tag });

/** Takes a folder, or with null the proposed one. Whether that worked. */
export async function setNotesFolder(path: string | null): Promise<boolean> {
	const res = await attempt(() => call("set_notes_folder", { path }));
	touch(["notes", "app", "sources", "documents"]);
	return res !== undefined;
}

/** The folder that the person chose. */
export async function pickNotesFolder(): Promise<string | undefined> {
	return (await attempt(() => currentHost().pickFolders(t().notes.folderTitle)))?.[0];
}

export async function renameNote(path: string, to: string): Promise<Note | undefined> {
	const note = await attempt(() => call("rename_note", { path, to }));
	touch(NOTES);
	return note;
}

/** Whether it is gone. */
export async function deleteNote(path: string): Promise<boolean> {
	const done = await attempt(async () => {
		await call("delete_note", { path });
		return true;
	});
	touch(NOTES);
	return done ?? false;
}

/** Puts back what was deleted. */
export async function bringBack(path: string, text: string): Promise<Note | undefined> {
	const res = await attempt(() => call("save_note", { path, text, version: null, keep: false }));
	touch(NOTES);
	return res?.note;
}

export async function versionText(id: number): Promise<string | undefined> {
	return (await attempt(() => call("note_version", { id })))?.text;
}
