/** What can be done with documents, one or several, as menus. */

import EyeOff from "@lucide/svelte/icons/eye-off";
import FolderOpen from "@lucide/svelte/icons/folder-open";
import Info from "@lucide/svelte/icons/info";
import Layers from "@lucide/svelte/icons/layers";
import PanelRight from "@lucide/svelte/icons/panel-right";
import RotateCcw from "@lucide/svelte/icons/rotate-ccw";
import {
	createCollectionWith,
	type Members,
	openOriginal,
	retryDocuments,
	setMembers,
} from "../../api/library";
import type { MenuEntry } from "../../components/menu.svelte";
import { askText } from "../../components/questions.svelte";
import { toast } from "../../components/toasts.svelte";
import { compareNames, count } from "../../i18n/format";
import { t } from "../../i18n/index.svelte";
import { TestId } from "../../lib/testids";
import type { Collection, Document } from "../../wire/generated";
import { canRetry } from "./documents.svelte";
import { forgetting } from "./forgetting.svelte";

export interface DocumentActions {
	onopen: (document: Document) => void;
	onabout: (document: Document) => void;
}

/** Reads them again, and says how many that is. Whether that could be asked for. */
export async function readAgain(documents: readonly Document[]): Promise<boolean> {
	const n = await retryDocuments(documents.map(({ id }) => id));
	if (n === undefined) return false;
	toast(n === 0 ? t().documents.nothingRequeued : t().documents.requeued(n, count(n)));
	return true;
}

/** A new collection with these in it. */
async function collectAnew(members: Members): Promise<void> {
	const name = await askText({
		title: t().collection.createTitle,
		label: t().collection.nameLabel,
		value: "",
		submit: t().collection.create,
	});
	if (name !== null) await createCollectionWith(name, members);
}

/** Every collection, ticked where all of these are in it; a press puts them in or takes them out. */
export function membershipEntries(
	collections: readonly Collection[],
	members: Members,
	isIn: (collection: Collection) => boolean,
	said: (collection: Collection, into: boolean) => void = () => {},
): MenuEntry[] {
	const sorted = [...collections].sort((a, b) => compareNames(a.name, b.name));
	return [
		...sorted.map((one): MenuEntry => {
			const inside = isIn(one);
			return {
				kind: "item",
				label: one.name,
				checked: inside,
				many: true,
				value: `collection-${one.id}`,
				run: () =>
					void setMembers(one.id, members, !inside).then((done) => {
						if (done) said(one, !inside);
					}),
			};
		}),
		{
			kind: "item",
			label: t().source.newCollection,
			icon: Layers,
			testid: TestId.NewCollection,
			run: () => void collectAnew(members),
		},
	];
}

export function collectionsOfDocuments(
	documents: readonly Document[],
	collections: readonly Collection[],
): MenuEntry[] {
	const ids = documents.map(({ id }) => id);
	return membershipEntries(
		collections,
		{ documents: ids },
		(one) => ids.every((id) => one.documents.includes(id)),
		(one, into) => {
			const say = into ? t().collection.put : t().collection.taken;
			toast(say(ids.length, count(ids.length), one.name));
		},
	);
}

export function documentEntries(
	document: Document,
	collections: readonly Collection[],
	actions: DocumentActions,
): MenuEntry[] {
	return [
		{ kind: "item", label: t().documents.open, icon: PanelRight, run: () => actions.onopen(document) },
		{ kind: "item", label: t().documents.about, icon: Info, run: () => actions.onabout(document) },
		{
			kind: "item",
			label: t().viewer.reveal,
			icon: FolderOpen,
			run: () => void openOriginal(document.id, true),
		},
		{
			kind: "item",
			label: t().documents.retryOne,
			icon: RotateCcw,
			disabled: !canRetry(document),
			run: () => void readAgain([document]),
		},
		{ kind: "line" },
		{ kind: "heading", label: t().source.collections },
		...collectionsOfDocuments([document], collections),
		{ kind: "line" },
		{
			kind: "item",
			label: t().documents.forget,
			icon: EyeOff,
			danger: true,
			testid: TestId.Forget,
			run: () => void forgetting.forget([document]),
		},
	];
}
