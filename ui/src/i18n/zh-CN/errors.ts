/** 每种故障的说明：发生了什么，什么是安全的，可以怎么做。 */
import type { Messages } from "../en";

export const errors: Messages["errors"] = {
	bad_request: {
		what: "docent 无法理解这个请求。",
		kept: "没有任何改动。",
		todo: "请重试。如果一再出现，就是 docent 的缺陷，下面的细节有助于查找原因。",
	},
	not_found: {
		what: "资料库中已没有此项。",
		kept: "其余一切照旧。",
		todo: "它可能刚被移除。请返回重新选择。",
	},
	path_not_found: {
		what: "此路径下没有任何内容。",
		kept: "资料库没有改动。",
		todo: "请检查拼写，以及磁盘是否已连接。",
	},
	permission_denied: {
		what: "docent 没有权限读取。",
		kept: "文件未被触碰，其余继续进行。",
		todo: "请给自己读取权限，然后重试。",
	},
	own_data: {
		what: "这是 docent 存放自身数据的文件夹。",
		kept: "没有添加任何内容。",
		todo: "请选择别的文件夹。",
	},
	unsupported_file: {
		what: "docent 不读取这类文件。",
		kept: "文件未被触碰。",
		todo: "另存为 PDF、Word、Markdown 或纯文本等常见格式即可纳入。",
	},
	empty_file: {
		what: "文件是空的。",
		kept: "没有内容可丢失。",
		todo: "一旦有了内容就会读取。",
	},
	password_needed: {
		what: "文件受密码保护。",
		kept: "文件未被触碰。",
		todo: "另存一份无密码的副本，然后重试。",
	},
	damaged_file: {
		what: "文件已损坏。",
		kept: "此前读到的内容仍可搜索。",
		todo: "用原来的程序打开并重新保存，或从备份恢复。",
	},
	file_too_large: {
		what: "文件超过 docent 能读取的大小。",
		kept: "文件未被触碰。",
		todo: "请拆分成较小的文件。",
	},
	no_text: {
		what: "文件中没有文字，只有图片。",
		kept: "文件未被触碰。",
		todo: "请在设置中打开“图片中的文字”（那里也说明如何安装所需程序），然后重试。",
	},
	nothing_recognized: {
		what: "识别程序没有在其中找到文字。",
		kept: "文件未被触碰。",
		todo: "如果图片中本来就没有文字，则无需处理。否则请在设置的“图片中的文字”里选择相应的语言，或扫描得更清晰些，然后重试。",
	},
	reader_crashed: {
		what: "此文件使阅读程序崩溃。",
		kept: "崩溃只影响这一个文件，其余继续进行。",
		todo: "重试一次。若仍失败，请用原来的程序重新保存。",
	},
	reader_timed_out: {
		what: "读取此文件耗时过长。",
		kept: "此文件被略过，其余继续进行。",
		todo: "等电脑较空闲时重试，或拆分文件。",
	},
	installation_incomplete: {
		what: "docent 缺少读取这类文件的组件。",
		kept: "资料库完好，此文件在等待。",
		todo: "请看“关于本机安装”，那里写明缺少什么。",
	},
	read_failed: {
		what: "无法读取此文件。",
		kept: "此前读到的内容仍可搜索。",
		todo: "请确认它能在原来的程序中打开，然后重试。",
	},
	over_size_rule: {
		what: "文件超过了此文件夹规则允许的大小。",
		kept: "文件未被触碰。",
		todo: "如需读取，请在所属文件夹的“读取哪些内容…”中提高上限。",
	},
	placeholder: {
		what: "文件只在云端，这台电脑上仅有一个占位文件。",
		kept: "没有下载任何内容，docent 不会使用您的云账号。",
		todo: "请在云盘程序中将它设为离线可用，之后会自动读取。",
	},
	forgotten: {
		what: "此文件的内容是您让 docent 忘记过的，只是换了名称。",
		kept: "文件未被触碰，也没有保留其中任何内容。",
		todo: "如需重新读取，请在所属文件夹的“读取哪些内容…”中，将被忘记的文档移出列表。",
	},
	backup: {
		what: "此文件是 docent 的备份，不会读取。",
		kept: "备份未被触碰。",
		todo: "无需处理。如有需要，可在设置中恢复。",
	},
	bad_path: {
		what: "不能使用这个名称或路径。",
		kept: "没有任何改动。",
		todo: '请勿使用 \\ : * ? " < > | 等符号，并且不要离开所在文件夹。',
	},
	not_writable: {
		what: "docent 无法写入此处。",
		kept: "原有内容没有改动。",
		todo: "请给自己写入此处的权限，或解除磁盘的写保护，然后重试；您也可以换一个位置。",
	},
	folder_not_empty: {
		what: "此文件夹不是空的。",
		kept: "资料库仍在原处，文件夹中的内容没有改动。",
		todo: "请选择空文件夹，或新建一个。",
	},
	folder_unsuitable: {
		what: "资料库不能放在此文件夹中。",
		kept: "资料库仍在原处。",
		todo: "请选择本机磁盘上的空文件夹，它不能在资料库现有文件夹之内，也不能包含它。",
	},
	note_encoding: {
		what: "这篇笔记不是 UTF-8 文本，而是采用了 GBK、UTF-16 等其他编码。",
		kept: "没有任何改动：在此编辑会损坏它。",
		todo: "请用原来的程序将其另存为 UTF-8，然后再次打开。下面的细节说明了从哪里开始不是 UTF-8。",
	},
	path_taken: {
		what: "已有同名的内容。",
		kept: "没有覆盖它。",
		todo: "请换一个名称。",
	},
	bad_backup: {
		what: "此文件不是 docent 的备份，或者已损坏。",
		kept: "您的资料库未受影响。",
		todo: "请选择别的文件，备份文件以“.docent”结尾。",
	},
	already_running: {
		what: "正在恢复另一份备份。",
		kept: "它未受影响，您的资料库也没有改变。",
		todo: "请等它结束。",
	},
	no_notes_folder: {
		what: "还没有存放笔记的文件夹。",
		kept: "您写的文字仍在窗口中。",
		todo: "请先选择存放笔记的文件夹，然后再次保存。",
	},
	library_in_use: {
		what: "另一个 docent 正在使用此资料库。",
		kept: "没有任何改动。",
		todo: "请关闭另一个窗口或终端，然后重试。",
	},
	library_too_new: {
		what: "此资料库由更新版本的 docent 写成。",
		kept: "没有触碰它。",
		todo: "请更新 docent 后再打开。",
	},
	library_damaged: {
		what: "资料库的数据库已损坏。",
		kept: "您的文档本身未受影响，docent 没有改动任何内容。",
		todo: "请恢复备份，或把资料库文件夹移开后重新添加文件夹。",
	},
	disk_full: {
		what: "磁盘已满。",
		kept: "到目前为止完成的都已保存。",
		todo: "腾出一些空间后重试，docent 会从停下处继续；如果启动时磁盘已满，请重新启动 docent。",
	},
	read_only: {
		what: "docent 无法写入自己的文件夹。",
		kept: "没有丢失任何内容。",
		todo: "请使资料库文件夹可写，然后重新启动 docent。",
	},
	index_failed: {
		what: "搜索索引没有响应。",
		kept: "资料库完好，索引可由它重建。",
		todo: "请重新启动 docent，它会从资料库修复索引。",
	},
	model_not_installed: {
		what: "所需的模型尚未安装。",
		kept: "已索引的内容仍可按词搜索。",
		todo: "在模型页获取，或导入其文件。",
	},
	model_unknown: {
		what: "docent 不认识这个模型。",
		kept: "没有安装任何内容。",
		todo: "请在模型页选择一个。",
	},
	model_damaged: {
		what: "模型文件已损坏或不完整。",
		kept: "它没有被启用，其他模型不受影响。",
		todo: "移除后重新获取，或导入完整的文件。",
	},
	model_unsupported: {
		what: "docent 无法运行这类模型。",
		kept: "正在使用的模型继续使用。",
		todo: "请从目录中选择模型。",
	},
	checksum_mismatch: {
		what: "下载的文件与预期不符。",
		kept: "已将其丢弃，没有安装任何内容。",
		todo: "请重试。若再次出现，请勿信任此来源，改从别处获得文件并导入。",
	},
	download_failed: {
		what: "无法下载此模型。",
		kept: "已下载的部分保留，下次从那里继续。",
		todo: "检查网络后重试，或导入文件。",
	},
	offline: {
		what: "下载已关闭。",
		kept: "没有获取任何内容。",
		todo: "在设置中允许下载，或导入文件。",
	},
	not_enough_memory: {
		what: "可用内存不足以运行此模型。",
		kept: "已索引的内容仍可搜索。",
		todo: "关闭其他程序，或选择较小的模型。",
	},
	question_too_long: {
		what: "问题对模型来说太长。",
		kept: "您的文字仍在输入框中。",
		todo: "请缩短，或选择上下文更大的模型。",
	},
	question_empty: {
		what: "没有问题。",
		kept: "没有任何改动。",
		todo: "请先在输入框中写点什么。",
	},
	compute_failed: {
		what: "模型计算时出错。",
		kept: "找到的段落仍然显示。",
		todo: "请再问一次。若再次出错，请减少线程或换一个模型。",
	},
	cancelled: {
		what: "已停止。",
		kept: "到目前为止完成的都已保留。",
		todo: "随时可以重新开始。",
	},
	internal: {
		what: "docent 自身的故障。",
		kept: "您的文档和资料库未受影响。",
		todo: "请重试，或重新启动 docent。下面的细节有助于查找故障。",
	},
};
