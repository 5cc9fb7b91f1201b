print("sequent")
