/** Forgetting documents, with what was said about it and the way back. */
import { attempt } from "../../api/failures.svelte";
import { forgetDocument, setRules } from "../../api/library";
import { call } from "../../api/rpc";
import { confirm } from "../../components/questions.svelte";
import { count } from "../../i18n/format";
import { t } from "../../i18n/index.svelte";
import type { Document, ForgetRes } from "../../wire/generated";

export interface Forgotten {
	documents: Document[];
	passages: number;
	/** Conversations that still quote it; said for one document only, for several would be counted twice. */
	quotedIn: number;
	/** Where the first original lies; absent if it was gone already. */
	original: string | null;
	/** Where files with the same content lie, through which it is found all the same. */
	copies: string[];
	/** Folders with whole libraries of earlier times, which may still hold it. */
	aside: string[];
}

class Forgetting {
	/** What was forgotten last, until it is read by the person or undone. */
	last = $state.raw<Forgotten | null>(null);

	/** Asks first. Whether anything was forgotten. */
	async forget(documents: readonly Document[]): Promise<boolean> {
		const [first] = documents;
		if (!first) return false;
		const words = t().documents;
		const yes = await confirm({
			title:
				documents.length === 1
					? words.forgetTitle(first.title)
					: words.forgetManyTitle(count(documents.length)),
			text: words.forgetText,
			yes: words.forgetYes,
			danger: true,
		});
		if (!yes) return false;
		const done: { document: Document; res: ForgetRes }[] = [];
		for (const document of documents) {
			const res = await forgetDocument(document.id);
			if (res) done.push({ document, res });
		}
		if (done.length === 0) return false;
		this.last = {
			documents: done.map(({ document }) => document),
			passages: done.reduce((sum, { res }) => sum + res.passages, 0),
			quotedIn: done.length === 1 ? (done[0]?.res.quoted_in ?? 0) : 0,
			original: done[0]?.res.original ?? null,
			// What was forgotten after it is no copy any more.
			copies: done.at(-1)?.res.copies ?? [],
			aside: done.at(-1)?.res.put_aside ?? [],
		};
		return true;
	}

	/** Takes them off the lists of what is passed over, so that they are read again. */
	async undo(): Promise<void> {
		const { last } = this;
		if (!last) return;
		const undone = await attempt(async () => {
			// The rules as they are now: the list in the window may be older than the forgetting.
			const { sources } = await call("list_sources", {});
			for (const source of sources) {
				const paths = last.documents.filter((one) => one.source === source.id).map(({ path }) => path);
				if (paths.length === 0) continue;
				const forgotten = source.rules.forgotten.filter((path) => !paths.includes(path));
				await setRules(source.id, { ...source.rules, forgotten });
			}
			return true;
		});
		// The way back stays until it was gone.
		if (undone && this.last === last) this.last = null;
	}
}

export const forgetting = new Forgetting();
