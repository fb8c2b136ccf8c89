/** 关于用什么设备运行模型的文字。 */
import type { Messages } from "../en";

export const device: Messages["device"] = {
	label: "计算方式",
	text: "回答模型在 GPU 上运行得更快，其余由处理器完成；没有可用的 GPU 时，全部由处理器完成。",
	choice: { auto: "自动", cpu: "处理器", gpu: "GPU" },
	looking: "正在查看有哪些设备…",
	processor: (_n, shown) => `目前使用处理器，${shown} 个线程。`,
	gpu: (name) => `目前使用 GPU：${name}。`,
	reason: {
		cpu_asked: "这是您选择的。",
		gpu_asked: "这是您选择的。",
		gpu_found: "已找到，并且工作正常。",
		no_gpu: "未找到 GPU，或未安装其驱动程序。",
		no_gpu_support: "此 docent 不含在 GPU 上计算的部分。",
		gpu_failed: "有 GPU，但无法正常工作。除了速度，不会有任何损失。",
		model_refused: "有 GPU，但它未能运行当前的回答模型。除了速度，不会有任何损失；下次启动 docent 时会再试。",
	},
	overridden: "目前由环境变量 DOCENT_DEVICE 决定；没有它时以设置为准。",
	detail: (text) => `出错原因：${text}`,
};
