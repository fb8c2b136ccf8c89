/** Starts the window: in the shell with the core behind it, elsewhere with an invented library. */
import { mount } from "svelte";
import { setHost } from "./api/rpc";
import App from "./app/App.svelte";
import { insideShell, tauriHost } from "./host/tauri";
import { t } from "./i18n/index.svelte";
import "./styles/base.css";

/** Whether the invented library is part of this build (see vite.config.ts). */
declare const __FAKE__: boolean;

async function start(target: HTMLElement): Promise<void> {
	if (insideShell()) {
		setHost(tauriHost());
	} else if (__FAKE__) {
		const { fakeHostFromAddress } = await import("./host/fake");
		setHost(fakeHostFromAddress(location.search));
	} else {
		target.textContent = t().app.notInShell;
		return;
	}
	mount(App, { target });
}

const target = document.querySelector<HTMLElement>("#app");
if (target) void start(target);
