/**
 * A new note whose saving failed may have its file all the same: the core can fail after it wrote
 * it. Making another one then would leave a copy behind at every attempt.
 */
import { call } from "../../api/rpc";
import type { Note } from "../../wire/generated";
import { draftOf } from "./drafts.svelte";

/** Times of files are coarser than the clock on some drives. */
const COARSE_MS = 2500;

/** The note with this very text that was written since then, if there is one. */
export async function madeBefore(text: string, since_ms: number): Promise<Note | null> {
	const { notes } = await call("list_notes", { text: null, tag: null });
	for (const { path, modified_ms } of notes) {
		// One that is open is a note of its own.
		if (modified_ms < since_ms - COARSE_MS || draftOf(path)) continue;
		const note = await call("read_note", { path });
		if (note.text === text) return note;
	}
	return null;
}
