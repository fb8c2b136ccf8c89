/** Words about what models are computed on. */
const plural = (n: number, one: string, other: string) => (n === 1 ? one : other);

export const device = {
	label: "Compute with",
	text: "The model for answers runs faster on a GPU. The processor does the rest, and all of it where no GPU works.",
	choice: { auto: "Automatic", cpu: "Processor", gpu: "GPU" },
	looking: "Looking for what there is…",
	processor: (n: number, shown: string) =>
		plural(n, "Now the processor, with 1 thread.", `Now the processor, with ${shown} threads.`),
	gpu: (name: string) => `Now the GPU ${name}.`,
	reason: {
		cpu_asked: "You chose it.",
		gpu_asked: "You chose it.",
		gpu_found: "It was found, and it works.",
		no_gpu: "No GPU was found, or its driver is not installed.",
		no_gpu_support: "This docent has no part that computes on a GPU.",
		gpu_failed: "There is a GPU, but it does not work. Nothing is lost by that but speed.",
		model_refused:
			"There is a GPU, but it could not take the chat model in use. Nothing is lost by that but speed; it is tried again when docent starts.",
	},
	overridden: "The variable DOCENT_DEVICE decides this for now; without it the settings count.",
	detail: (text: string) => `What went wrong: ${text}`,
};
