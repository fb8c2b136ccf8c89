/** What is in a backup, in a line. */
import { count, names, prose } from "../../i18n/format";
import { t } from "../../i18n/index.svelte";
import type { BackupInfo } from "../../wire/generated";

export function contentsOf(info: BackupInfo): string {
	const words = t().keeping.contents;
	const all = names([
		words.documents(info.documents, count(info.documents)),
		words.notes(info.notes, count(info.notes)),
		words.conversations(info.conversations, count(info.conversations)),
		info.vectors ? words.vectors : words.noVectors,
	]);
	return info.left_out.length > 0 ? prose(`${all}.`, words.leftOut(names(info.left_out))) : all;
}
