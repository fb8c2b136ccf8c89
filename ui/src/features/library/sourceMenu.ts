/** What can be done with a source or a collection, as menus. */
import ListFilter from "@lucide/svelte/icons/list-filter";
import ListTree from "@lucide/svelte/icons/list-tree";
import MessageCircle from "@lucide/svelte/icons/message-circle-question-mark";
import Pencil from "@lucide/svelte/icons/pencil";
import RefreshCw from "@lucide/svelte/icons/refresh-cw";
import RotateCcw from "@lucide/svelte/icons/rotate-ccw";
import Trash from "@lucide/svelte/icons/trash-2";
import { deleteCollection, removeSource, renameCollection, rescan, retryFailed } from "../../api/library";
import type { MenuEntry } from "../../components/menu.svelte";
import { askText, confirm } from "../../components/questions.svelte";
import { toast } from "../../components/toasts.svelte";
import { count } from "../../i18n/format";
import { t } from "../../i18n/index.svelte";
import type { Collection, Source } from "../../wire/generated";
import { membershipEntries } from "./documentMenu";
import { unread } from "./documents.svelte";
import { rulesDialog } from "./rulesDialog.svelte";

export interface SourceActions {
	/** Shows the documents of a source. */
	onshow: (source: number) => void;
	/** Shows the documents of a collection. */
	oncollection: (collection: number) => void;
	/** Asks only there. */
	onask: (scope: { collection: number } | { source: number }) => void;
	/** The source is gone. */
	ongone: (source: number) => void;
}

export async function retry(source: number | null): Promise<void> {
	const n = await retryFailed(source);
	if (n > 0) toast(t().documents.requeued(n, count(n)));
}

export async function lookForChanges(source: number | null): Promise<void> {
	if (await rescan(source)) toast(t().documents.rescanning);
}

async function remove(source: Source, actions: SourceActions): Promise<void> {
	const yes = await confirm({
		title: t().source.removeTitle(source.name),
		text: t().source.removeText,
		yes: t().source.removeYes,
		danger: true,
	});
	if (yes && (await removeSource(source.id))) actions.ongone(source.id);
}

export function sourceEntries(
	source: Source,
	collections: readonly Collection[],
	actions: SourceActions,
): MenuEntry[] {
	const entries: MenuEntry[] = [
		{
			kind: "item",
			label: t().source.ask,
			icon: MessageCircle,
			run: () => actions.onask({ source: source.id }),
		},
		{ kind: "item", label: t().source.documents, icon: ListTree, run: () => actions.onshow(source.id) },
		{ kind: "line" },
		{ kind: "item", label: t().source.rescan, icon: RefreshCw, run: () => void lookForChanges(source.id) },
		{
			kind: "item",
			label: t().source.retryFailed,
			icon: RotateCcw,
			disabled: unread(source.counts) === 0,
			run: () => void retry(source.id),
		},
	];
	entries.push(
		{ kind: "item", label: t().source.rules, icon: ListFilter, run: () => rulesDialog.open(source.id) },
		{ kind: "line" },
		{ kind: "heading", label: t().source.collections },
		...membershipEntries(collections, { sources: [source.id] }, (one) => one.sources.includes(source.id)),
	);
	entries.push(
		{ kind: "line" },
		{
			kind: "item",
			label: t().source.remove,
			icon: Trash,
			danger: true,
			run: () => void remove(source, actions),
		},
	);
	return entries;
}

async function rename(collection: Collection): Promise<void> {
	const name = await askText({
		title: t().collection.renameTitle,
		label: t().collection.nameLabel,
		value: collection.name,
		submit: t().collection.save,
	});
	if (name !== null) await renameCollection(collection.id, name);
}

async function removeCollection(collection: Collection): Promise<void> {
	const yes = await confirm({
		title: t().collection.removeTitle(collection.name),
		text: t().collection.removeText,
		yes: t().collection.removeYes,
		danger: true,
	});
	if (yes) await deleteCollection(collection.id);
}

export function collectionEntries(collection: Collection, actions: SourceActions): MenuEntry[] {
	return [
		{
			kind: "item",
			label: t().source.ask,
			icon: MessageCircle,
			run: () => actions.onask({ collection: collection.id }),
		},
		{
			kind: "item",
			label: t().source.documents,
			icon: ListTree,
			run: () => actions.oncollection(collection.id),
		},
		{ kind: "line" },
		{ kind: "item", label: t().collection.rename, icon: Pencil, run: () => void rename(collection) },
		{
			kind: "item",
			label: t().collection.remove,
			icon: Trash,
			danger: true,
			run: () => void removeCollection(collection),
		},
	];
}
