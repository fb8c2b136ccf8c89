/** Everything that can be done from the keyboard, once: for the palette, the shortcuts and their list. */
import { indexing } from "../api/indexing.svelte";
import { pauseIndexing, stopIndexing } from "../api/library";
import { query } from "../api/queries.svelte";
import { changeSettings } from "../api/settings.svelte";
import { current } from "../features/ask/current.svelte";
import { addFiles, addFolders, addTheSample } from "../features/library/add";
import { lookForChanges } from "../features/library/sourceMenu";
import { beginNote } from "../features/notes/open.svelte";
import { t } from "../i18n/index.svelte";
import { columns } from "./columns.svelte";
import type { Keys } from "./keys";
import { layers } from "./layers.svelte";
import { layout } from "./layout.svelte";
import { focusBox, navigation } from "./navigation.svelte";

export interface Command {
	id: string;
	title: () => string;
	/** Combinations that run it; the first is the one shown. */
	keys: readonly Keys[];
	/** Whether it makes sense now. */
	when: () => boolean;
	run: () => void;
}

const always = () => true;

function command(id: string, title: () => string, run: () => void, more: Partial<Command> = {}): Command {
	return { id, title, run, keys: [], when: always, ...more };
}

/** To the box, in whatever view one is. */
function toBox(): void {
	if (navigation.view.name !== "ask") navigation.showConversation(null);
	focusBox();
}

const sampleOffered = () => query("app_state", {}).data?.sample_available ?? false;

export const commands: readonly Command[] = [
	command(
		"new",
		() => t().commands.newConversation,
		() => navigation.showConversation(null),
		{ keys: [["Mod", "N"]] },
	),
	command("box", () => t().commands.focusBox, toBox, { keys: [["/"], ["Mod", "L"]] }),
	command(
		"palette",
		() => t().commands.palette,
		() => layers.togglePalette(),
		{ keys: [["Mod", "K"]] },
	),
	command(
		"stop",
		() => t().commands.stop,
		() => current.stop(),
		{ keys: [["Escape"]], when: () => current.running },
	),
	command(
		"documents",
		() => t().commands.documents,
		() => navigation.showDocuments(null),
		{
			keys: [["Mod", "Shift", "D"]],
		},
	),
	command(
		"failed",
		() => t().commands.failed,
		() => navigation.showDocuments(null, "failed"),
	),
	command(
		"add-folder",
		() => t().commands.addFolder,
		() => void addFolders(),
		{ keys: [["Mod", "O"]] },
	),
	command(
		"add-files",
		() => t().commands.addFiles,
		() => void addFiles(),
	),
	command(
		"add-path",
		() => t().commands.addPath,
		() => layers.openAddPath(),
	),
	command(
		"add-sample",
		() => t().commands.addSample,
		() => void addTheSample(),
		{ when: sampleOffered },
	),
	command(
		"rescan",
		() => t().commands.rescanAll,
		() => void lookForChanges(null),
	),
	command(
		"pause",
		() => t().commands.pause,
		() => void pauseIndexing(true),
		{
			when: () => indexing.busy && !indexing.paused && indexing.status?.phase !== "waiting_for_model",
		},
	),
	command(
		"resume",
		() => t().commands.resume,
		() => void pauseIndexing(false),
		{
			when: () => indexing.paused,
		},
	),
	command(
		"stop-indexing",
		() => t().commands.stopIndexing,
		() => void stopIndexing(),
		{ when: () => indexing.busy || indexing.paused },
	),
	command(
		"notes",
		() => t().commands.notes,
		() => navigation.show("notes"),
		{ keys: [["Mod", "Shift", "E"]] },
	),
	command(
		"new-note",
		() => t().commands.newNote,
		() => {
			navigation.show("notes");
			beginNote();
		},
		{ keys: [["Mod", "Shift", "N"]] },
	),
	command(
		"models",
		() => t().commands.models,
		() => navigation.show("models"),
	),
	command(
		"settings",
		() => t().commands.settings,
		() => navigation.show("settings"),
		{ keys: [["Mod", ","]] },
	),
	command(
		"about",
		() => t().commands.about,
		() => navigation.show("about"),
	),
	command(
		"rail",
		() => t().commands.toggleRail,
		() => columns.toggleRail(),
		{ keys: [["Mod", "B"]] },
	),
	command(
		"pane",
		() => t().commands.togglePane,
		() => layout.setPassages(!layout.passagesShown),
		{
			keys: [["Mod", "J"]],
		},
	),
	command(
		"shortcuts",
		() => t().commands.shortcuts,
		() => layers.openShortcuts(),
		{ keys: [["?"], ["F1"]] },
	),
	command(
		"language-en",
		() => t().commands.languageEn,
		() => void changeSettings({ language: "en" }),
	),
	command(
		"language-zh",
		() => t().commands.languageZh,
		() => void changeSettings({ language: "zh-CN" }),
	),
	command(
		"theme-light",
		() => t().commands.themeLight,
		() => void changeSettings({ theme: "light" }),
	),
	command(
		"theme-dark",
		() => t().commands.themeDark,
		() => void changeSettings({ theme: "dark" }),
	),
	command(
		"theme-system",
		() => t().commands.themeSystem,
		() => void changeSettings({ theme: "system" }),
	),
];
