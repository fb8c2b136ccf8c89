/** Widths of the window's columns, and what the person chose about them. See also `columns.svelte.ts`. */

const RAIL = 264;
const LEAST_CENTRE = 420;

class Layout {
	width = $state(1280);
	/** What the person last chose for the two panes, in a window with room for them. */
	railWanted = $state(true);
	passagesWanted = $state(true);
	/** In a window without that room they show only on demand, over the centre or instead of each other. */
	railDrawer = $state(false);
	passagesOnDemand = $state(false);
	/** Widths of the right pane, by what it shows. */
	#passagesWidth = $state(340);
	#viewerWidth = $state<number | null>(null);

	/** No room for anything beside the centre. */
	get narrow(): boolean {
		return this.width < 860;
	}

	/** Room for one thing beside the centre, not for two. */
	get tight(): boolean {
		return this.width < 1120;
	}

	get passagesShown(): boolean {
		return this.tight ? this.passagesOnDemand : this.passagesWanted;
	}

	setPassages(shown: boolean): void {
		if (this.tight) this.passagesOnDemand = shown;
		else this.passagesWanted = shown;
	}

	/** Whatever was opened on demand goes. */
	closeDrawers(): void {
		this.railDrawer = false;
		this.passagesOnDemand = false;
	}

	/** The widest the right pane may be. */
	get paneMost(): number {
		if (this.narrow) return this.width - 56;
		const rail = this.railWanted && !this.tight ? RAIL : 0;
		return Math.max(320, this.width - rail - LEAST_CENTRE);
	}

	get paneLeast(): number {
		return Math.min(280, this.paneMost);
	}

	/** A document needs more room than a list of passages. */
	paneWidth(viewer: boolean): number {
		const usual = this.narrow ? this.paneMost : Math.min(620, this.width * (this.tight ? 0.54 : 0.42));
		const wanted = viewer ? (this.#viewerWidth ?? usual) : this.#passagesWidth;
		return Math.round(Math.max(this.paneLeast, Math.min(this.paneMost, wanted)));
	}

	setPaneWidth(viewer: boolean, width: number): void {
		if (viewer) this.#viewerWidth = width;
		else this.#passagesWidth = width;
	}
}

export const layout = new Layout();
