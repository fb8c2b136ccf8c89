/** Which columns the window shows now, beside each other or one over the other. */
import { current } from "../features/ask/current.svelte";
import { layout } from "./layout.svelte";
import { navigation } from "./navigation.svelte";

class Columns {
	/** Whether there are passages that the right pane could show. */
	get hasPassages(): boolean {
		const inThread = navigation.view.name === "ask" && !current.isNew;
		return inThread && (current.evidence?.passages.length ?? 0) > 0;
	}

	get pane(): boolean {
		return navigation.paneHasDocument || (this.hasPassages && layout.passagesShown);
	}

	/** The pane lies over the centre. */
	get paneOver(): boolean {
		return layout.narrow && this.pane;
	}

	/** The rail, when it shows, lies over the centre: there is no room for it beside. */
	get railOver(): boolean {
		return layout.narrow || (layout.tight && this.pane);
	}

	get rail(): boolean {
		return this.railOver ? layout.railDrawer : layout.railWanted;
	}

	toggleRail(): void {
		if (this.railOver) layout.railDrawer = !layout.railDrawer;
		else layout.railWanted = !layout.railWanted;
	}

	/** Closes what lies over the centre, the topmost first. False if nothing does. */
	closeOver(): boolean {
		if (this.railOver && layout.railDrawer) layout.railDrawer = false;
		else if (layout.narrow && navigation.paneHasDocument) navigation.closePane();
		else if (layout.narrow && layout.passagesOnDemand) layout.passagesOnDemand = false;
		else return false;
		return true;
	}
}

export const columns = new Columns();
