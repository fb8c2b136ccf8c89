/** Text that an earlier window could not save. */
import { call } from "../../api/rpc";
import { NoteDraft } from "./draft.svelte";
import { keepDraft, rescue, takeLeft } from "./drafts.svelte";

/** Saves it. What is on disk already is left alone. */
export async function recover(): Promise<void> {
	// All are kept as drafts before the first is saved: the next power cut finds every one of them.
	const found = takeLeft().map(({ path, text, version }) =>
		keepDraft(NoteDraft.recovered(path, text, version)),
	);
	for (const draft of found) {
		const { path } = draft;
		const onDisk = path === null ? null : await call("read_note", { path }).catch(() => null);
		if (onDisk?.text === draft.fileText) draft.drop();
		else await draft.flush();
	}
	rescue();
}
