/** From one folder of notes to another. */
import { report } from "../../api/failures.svelte";
import { pickNotesFolder, setNotesFolder } from "../../api/notes";
import { dropSaved, saveAll } from "./drafts.svelte";
import { openNote } from "./open.svelte";

/**
 * Lets the person choose another folder. Notes are known by their path in the folder, so a note that
 * stayed open would be written into the new one: all are saved and closed first. Whether it changed.
 */
export async function changeFolder(): Promise<boolean> {
	const folder = await pickNotesFolder();
	if (folder === undefined) return false;
	const unsaved = (await saveAll())[0];
	if (unsaved) {
		// Said with the note's name: it need not be the one that is shown.
		if (unsaved.error) report({ ...unsaved.error, subject: unsaved.name });
		return false;
	}
	const open = openNote.draft?.path ?? null;
	openNote.leaveFolder();
	dropSaved();
	const changed = await setNotesFolder(folder);
	if (!changed && open !== null) await openNote.open(open);
	return changed;
}
