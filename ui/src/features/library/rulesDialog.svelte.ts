/** Which source's rules are open. */
class RulesDialog {
	source = $state<number | null>(null);

	open(source: number): void {
		this.source = source;
	}

	close(): void {
		this.source = null;
	}
}

export const rulesDialog = new RulesDialog();
