"""Standing texts of the page."""

PURPOSE = (
    "From raw web pages to a mathematics model tuned with reinforcement learning: what this checkout measured, beside "
    "the numbers of the DeepSeekMath paper. Every number shows the file it comes from when the pointer rests on it."
)

LIMITS = (
    "The web, the problems and the ground truth come from a generator. It can say whether the machinery works: whether "
    "the rounds find pages that the seed did not cover, whether contamination is removed, whether training resumes "
    "exactly, whether reinforcement learning raises held-out accuracy on these problems.",
    "It cannot say how good a real corpus or a real model would be. The pages are simpler than those of the web, "
    "and the problems come from a few families whose templates training and test share: only numbers differ.",
    "Recall and precision are exact here because the generator knows what each page is. On a real crawl nobody does; "
    "only samples judged by people could say.",
    "The models of the default scale have around a million parameters. Where a direction agrees with the paper, it is "
    "an observation at this scale and no evidence for the paper's scale; where it does not, the same holds.",
    "The ablations have one seed each. Their intervals cover the choice of test problems, not the luck of training.",
    "No number here compares with a published benchmark score, except where a table says so.",
)
