"""What a command is for, in the reader's language: Chinese where `LMSTUDY_LANG` or the locale says so."""

import os
import sys

VARIABLE = "LMSTUDY_LANG"
LOCALES = ("LC_ALL", "LC_MESSAGES", "LANG")
"""Variables of the locale, the first that is set counts."""
CHINESE = {
    "lmstudy-train": "预训练一个编码器-解码器语言模型。先下载并准备数据；已完成的运行不再重复，\n"
    "中断的运行从最后一个检查点继续。",
    "lmstudy-baseline": "拟合使用改进 Kneser-Ney 平滑的 n 元语法，记录其每字节比特数；或者，对有人评分的文本，\n"
    "记录人与人一致的程度，以及情感词典和岭回归预测评分的好坏；或者记录规则、检索和\n"
    "逻辑回归完成一项任务的成绩。",
    "lmstudy-benchmark": "把本软件包与其他软件包并排测量。各方在同样的输入上轮流运行，各占一个进程；\n"
    "结果是带 95% 置信区间的比值，并说明机器是否足够空闲。",
    "lmstudy-check-gpu": "在本机第一块 CUDA GPU 上试一遍所有为它准备的功能，并与处理器的结果比较：各种精度、编译、"
    "flex attention、DDP、FSDP、采样。需要几分钟。有一项失败时，退出状态为 1。",
    "lmstudy-dpo": "对已完成的运行做直接偏好优化：它写出文本，评分器打分，再从随机的文本对中学习偏好\n"
    "较好的一篇。用 comparisons=file 或 hub 时，改从自己的文本对学习。结果与其他训练运行\n"
    "相同；已完成的不再重复。",
    "lmstudy-export": "把已完成的运行写成 transformers 能载入的文件夹，含代码、分词器、模型卡和运行记录。\n"
    "写之前先与原运行比较 logits；文件夹要么完整，要么不存在。",
    "lmstudy-evaluate": "测量已完成的运行，把结果存为记录：似然、对所读内容的利用、记忆。",
    "lmstudy-finetune": "微调一个模型来完成任务，从预训练的运行开始，或者从零开始，并在留出的例子上评判回答。\n"
    "已完成的不再训练，中断的从最后一个检查点继续。",
    "lmstudy-generate": "让已完成的运行写作，并打印样本。每个片段之前是它的分数；比评分器的阈值差的标 !，\n"
    "给定的开头标 >。评分器要求时，个人信息会被遮盖。",
    "lmstudy-reward": "学习奖励，即任何文本的一个数值：从人们对部分文本的单独评分学习，或者从成对比较学习\n"
    "（comparisons=file 或 hub；这时 data 只提供 encoder=own 的词元，不提供文本）。\n"
    "已有的奖励模型不再训练，中断的从最后一个检查点继续。",
    "lmstudy-prepare": "下载、校验、清洗、划分语料，并词元化。缓存中已有的不再重做。",
    "lmstudy-pin": "按 sha256 和许可证固定软件包的发行版，供语料读取。",
    "lmstudy-runs": "有哪些运行，哪些只完成了一半，书还缺哪些；并排比较运行；删除运行。",
    "lmstudy-claims": "从运行记录重新计算书中每一个定量结论，连同置信区间和种子数，并说明结果：成立、不成立"
    "或未决。若某一章的说法与此不同，退出状态为 1。",
    "lmstudy-register": "在决定成败的运行之前写下的预测，以及它们的结果。",
    "lmstudy-verify": "随机抽取已发布的记录，在新文件夹里重做，并按写明的误差范围比较数值。有不同，或无一可比时，"
    "退出状态为 1。重做的结果会保留，供下次使用。",
    "lmstudy-book": "构建全书：准备数据，训练书还缺的模型，运行笔记本，计算结论，构建页面（警告视为错误），"
    "并检查每一个链接。没有变化的不再重做。",
}
"""Purposes, by command."""


def in_chinese() -> bool:
    """Whether `LMSTUDY_LANG`, or else the locale, is Chinese, and the terminal can show it."""
    wanted = os.environ.get(VARIABLE) or next((os.environ[name] for name in LOCALES if os.environ.get(name)), "")
    try:
        "中文".encode(sys.stdout.encoding or "ascii")
    except UnicodeEncodeError:
        return False
    return wanted.lower().startswith("zh")


def purpose(command: str, english: str) -> str:
    """What a command is for, as its help begins.

    Args:
        command: such as "lmstudy-train".
        english: what it says in English.
    """
    return CHINESE.get(command, english) if in_chinese() else english
