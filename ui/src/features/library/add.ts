/** Ways of adding to the library, for menus, buttons and the palette. */
import FilePlus from "@lucide/svelte/icons/file-plus-2";
import FolderPlus from "@lucide/svelte/icons/folder-plus";
import Layers from "@lucide/svelte/icons/layers";
import Sparkles from "@lucide/svelte/icons/sparkles";
import SquareSlash from "@lucide/svelte/icons/square-slash";
import { addPaths, addSample, chooseFiles, chooseFolders, createCollection } from "../../api/library";
import type { MenuEntry } from "../../components/menu.svelte";
import { askText } from "../../components/questions.svelte";
import { toast } from "../../components/toasts.svelte";
import { count } from "../../i18n/format";
import { t } from "../../i18n/index.svelte";
import { TestId } from "../../lib/testids";
import type { Source } from "../../wire/generated";

function say(added: readonly Source[]): boolean {
	if (added.length > 0) toast(t().drop.added(added.length, count(added.length)));
	return added.length > 0;
}

/** Each says whether something was added. */
export const addFolders = async () => say(await chooseFolders());
export const addFiles = async () => say(await chooseFiles());
export const addTheSample = async () => say(await addSample());
export const addThese = async (paths: string[]) => say(await addPaths(paths));

export async function newCollection(): Promise<void> {
	const name = await askText({
		title: t().collection.createTitle,
		label: t().collection.nameLabel,
		value: "",
		submit: t().collection.create,
	});
	if (name !== null) await createCollection(name);
}

export function addEntries(options: { sample: boolean; onpath: () => void }): MenuEntry[] {
	const entries: MenuEntry[] = [
		{
			kind: "item",
			label: t().rail.addFolder,
			icon: FolderPlus,
			testid: TestId.AddFolder,
			run: () => void addFolders(),
		},
		{
			kind: "item",
			label: t().rail.addFiles,
			icon: FilePlus,
			testid: TestId.AddFiles,
			run: () => void addFiles(),
		},
		{ kind: "item", label: t().rail.addPath, icon: SquareSlash, testid: TestId.AddPath, run: options.onpath },
	];
	if (options.sample) {
		entries.push({
			kind: "item",
			label: t().rail.addSample,
			icon: Sparkles,
			testid: TestId.AddSample,
			run: () => void addTheSample(),
		});
	}
	entries.push(
		{ kind: "line" },
		{
			kind: "item",
			label: t().rail.newCollection,
			icon: Layers,
			testid: TestId.NewCollection,
			run: () => void newCollection(),
		},
	);
	return entries;
}
