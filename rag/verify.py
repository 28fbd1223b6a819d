from rag.types import Verdict
def check(sentence, evidence):
    return Verdict("partly", 0.5)
