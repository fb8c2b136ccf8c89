/**
 * Before the window goes: what is not saved is saved. The window keeps nothing by itself (it is a
 * private one), so what cannot be saved is lost with it, and the person decides.
 */
import { currentHost } from "../api/rpc";
import { confirm } from "../components/questions.svelte";
import { saveAll } from "../features/notes/drafts.svelte";
import { names, prose } from "../i18n/format";
import { t } from "../i18n/index.svelte";
import { after } from "../lib/timing";

/** A slow disk gets this long before it is said; the shell waits a little longer for a word. */
const SAVING_MS = 2000;

let closing = false;

async function close(): Promise<void> {
	const host = currentHost();
	const saving = saveAll();
	const unsaved = await Promise.race([saving, after(SAVING_MS)]);
	if (unsaved?.length === 0) return host.answerClosing("close");
	await host.answerClosing("wait");
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
	await host.answerClosing((await Promise.race([asked, late])) ? "close" : "stay");
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
