/** What is in a backup, in a line. */
import { count, names } from "../../i18n/format";
import { t } from "../../i18n/index.svelte";
import type { BackupInfo } from "../../wire/generated";

export function contentsOf(info: BackupInfo): string {
	const words = t().keeping.contents;
	return names([
		words.documents(info.documents, count(info.documents)),
		words.notes(info.notes, count(info.notes)),
		words.conversations(info.conversations, count(info.conversations)),
		info.vectors ? words.vectors : words.noVectors,
	]);
}
