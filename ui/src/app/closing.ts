/**
 * Before the window goes: what is not saved is saved. The window keeps nothing by itself (it is a
 * private one), so what cannot be saved is lost with it, and the person decides; so is half a backup.
 */
import { keeping } from "../api/keeping.svelte";
import { currentHost } from "../api/rpc";
import { confirm } from "../components/questions.svelte";
import { saveAll } from "../features/notes/drafts.svelte";
import { names, prose } from "../i18n/format";
import { t } from "../i18n/index.svelte";
import { after } from "../lib/timing";

/** A slow disk gets this long before it is said; the shell waits a little longer for a word. */
const SAVING_MS = 2000;

let closing = false;

/** Whether the window may go as far as the notes are concerned. */
async function notesAreSafe(): Promise<boolean> {
	const saving = saveAll();
	const unsaved = await Promise.race([saving, after(SAVING_MS)]);
	if (unsaved?.length === 0) return true;
	await currentHost().answerClosing("wait");
	const why = unsaved ? t().closing.failed(names(unsaved.map(({ name }) => name))) : t().closing.slow;
	const asked = confirm({
		title: t().closing.title,
		text: prose(why, t().closing.lost),
		yes: t().closing.yes,
		no: t().closing.no,
		danger: true,
	});
	// If the slow disk comes back, there is nothing left to ask.
	const late = saving.then((left) => (left.length === 0 ? true : asked));
	return Promise.race([asked, late]);
}

/** Whether the window may go although a backup is written or unpacked. */
async function workMayStop(): Promise<boolean> {
	const { work } = keeping;
	if (!work) return true;
	await currentHost().answerClosing("wait");
	const isBackup = work.kind === "backup";
	const asked = confirm({
		title: isBackup ? t().closing.backupTitle : t().closing.restoreTitle,
		text: isBackup ? t().closing.backup : t().closing.restore,
		yes: t().closing.stopYes,
		no: t().closing.no,
		danger: true,
	});
	// Once it is whole, nothing is left to ask; if it failed, the person has to see that.
	const whole = work.ended.then(() => (keeping.hasFailed(work.kind) ? asked : true));
	return Promise.race([asked, whole]);
}

async function close(): Promise<void> {
	const goes = (await notesAreSafe()) && (await workMayStop());
	await currentHost().answerClosing(goes ? "close" : "stay");
}

/** Listens until the returned function is called. */
export function saveBeforeClosing(): () => void {
	return currentHost().onClosing(() => {
		if (closing) return;
		closing = true;
		close().finally(() => {
			closing = false;
		});
	});
}
